/**
 * `swarm-node export`: a model that every stage has certified, as files that other programs load. The peers may be at work
 * in the folder: nothing there is written but the files that were asked for.
 */
import { mkdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import type { Settings } from '../../config/options.ts'
import { wallClockMs } from '../../events/wall-clock.ts'
import { assembleModel, openSources, writeModel } from '../../export/model.ts'
import { manifestPath, peerFolders, readRun, readSeat } from '../../run/folder.ts'
import { checkFolderVersion } from '../../run/folder-version.ts'
import { readFolderStatus } from '../../status/read.ts'
import { EXIT } from '../exit.ts'

export async function run(settings: Settings, stop: AbortSignal): Promise<number> {
  const folder = resolve(settings.data!)
  checkFolderVersion(folder)
  const target = readRun(manifestPath(folder))
  const sources = await openSources(peerFolders(folder), target, readSeat)
  try {
    const model = await assembleModel(sources, target, stop, settings.round ?? null)
    const out = resolve(settings.out ?? folder)
    mkdirSync(out, { recursive: true })
    const files = { onnx: join(out, 'model.onnx'), safetensors: join(out, 'model.safetensors') }
    writeModel(model, target, files)
    const final = await finalRound(sources.map(source => source.folder))
    report(settings, { run: target.id, round: model.round, final, files: Object.values(files) })
    return EXIT.ok
  } finally {
    for (const source of sources) await source.store.close()
  }
}

interface Exported {
  readonly run: string
  readonly round: number
  /** Last round that the peers have seen final on the chain in every stage; null where they have not said. */
  readonly final: number | null
  readonly files: readonly string[]
}

/** What the peers last said of it in their folders; `verify` asks the chain. */
async function finalRound(folders: readonly string[]): Promise<number | null> {
  const anchored = await Promise.all(
    folders.map(async folder => (await readFolderStatus(folder, wallClockMs())).status?.anchored),
  )
  return anchored.some(round => round === undefined || round === null)
    ? null
    : Math.min(...anchored.flatMap(round => round ?? []))
}

function report(settings: Settings, exported: Exported): void {
  if (settings.json === true) {
    console.log(JSON.stringify({ event: 'exported', ...exported }))
    return
  }
  const files = exported.files.map(file => relative(process.cwd(), file) || file)
  const { round, final } = exported
  const finality =
    final === null ? '' : round <= final ? ', final on the chain' : `, certified; rounds to ${final} are final`
  console.log(`round ${round} of run ${exported.run}${finality}: ${files.join(', ')}`)
}
