/** `swarm-node export`: the newest model that every stage has certified, as files that other programs load. */
import { mkdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import type { Settings } from '../../config/options.ts'
import { assembleModel, openSources, writeModel } from '../../export/model.ts'
import { manifestPath, peerFolders, readRun, readSeat } from '../../run/folder.ts'
import { checkFolderVersion } from '../../run/folder-version.ts'
import { EXIT } from '../exit.ts'

export async function run(settings: Settings, stop: AbortSignal): Promise<number> {
  const folder = resolve(settings.data!)
  checkFolderVersion(folder)
  const target = readRun(manifestPath(folder))
  const sources = await openSources(peerFolders(folder), target, readSeat)
  try {
    const model = await assembleModel(sources, target, stop)
    const out = resolve(settings.out ?? folder)
    mkdirSync(out, { recursive: true })
    const files = { onnx: join(out, 'model.onnx'), safetensors: join(out, 'model.safetensors') }
    writeModel(model, target, files)
    report(settings, { run: target.id, round: model.round, files: Object.values(files) })
    return EXIT.ok
  } finally {
    for (const source of sources) await source.store.close()
  }
}

interface Exported {
  readonly run: string
  readonly round: number
  readonly files: readonly string[]
}

function report(settings: Settings, exported: Exported): void {
  if (settings.json === true) {
    console.log(JSON.stringify({ event: 'exported', ...exported }))
    return
  }
  const files = exported.files.map(file => relative(process.cwd(), file) || file)
  console.log(`round ${exported.round} of run ${exported.run}: ${files.join(', ')}`)
}
