/** What a local run ends with: the summary, the chart, the exported model and a sample of its text. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { points } from '../../consensus/contribution/index.ts'
import { decodeCertificate } from '../../protocols/wire/certificate.ts'
import type { Certificate, PeerName } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import { lossChart } from '../cli/projections/chart.ts'
import type { Progress, RoundLine } from '../cli/projections/progress.ts'
import type { Summary } from '../events/types.ts'
import { generateText } from '../export/generate.ts'
import type { StageSource } from '../export/history.ts'
import { assembleModel, openSources, writeModel } from '../export/model.ts'
import { stageShares } from '../export/shares.ts'
import { type Run, readSeat, type SwarmFolder } from '../run/folder.ts'
import { FIRST_ROUND } from '../run/state-chain.ts'

const SAMPLE_CHARACTERS = 200
const PROMPT = 'Call me Ishmael. '

export interface FinishInit {
  readonly folder: SwarmFolder
  readonly peerFolders: readonly string[]
  readonly run: Run
  readonly progress: Progress
  readonly traffic: Readonly<Record<string, number>>
  readonly seconds: number
  readonly signal: AbortSignal
}

export interface Finished {
  readonly summary: Summary
  /** Generated text; null where no round was certified. */
  readonly sample: string | null
}

export async function finishRun({
  folder,
  peerFolders,
  run,
  progress,
  traffic,
  seconds,
  signal,
}: FinishInit): Promise<Finished> {
  const history = extendHistory(folder, progress.losses)
  writeFileSync(folder.chart, lossChart(history, `swarm-node run ${run.id}`))
  const sources = await openSources(peerFolders, run, readSeat)
  try {
    const model = await assembleModel(sources, run, signal)
    writeModel(model, run, folder)
    const files = [folder.chart, folder.onnx, folder.safetensors].map(file => relative(process.cwd(), file))
    const heldOut = history.flatMap(line => (line.heldOut === null ? [] : [line.heldOut]))
    const anchored = [...progress.stages.values()].map(stage => stage.anchoredRound)
    const tokens = tokensPerRound(run) * progress.done()
    return {
      summary: {
        run: run.id,
        rounds: { certified: model.round, final: Math.max(0, Math.min(...anchored, model.round)) },
        heldOut: { first: heldOut[0] ?? null, last: heldOut.at(-1) ?? null },
        tokens,
        tokensPerSecond: seconds === 0 ? 0 : tokens / seconds,
        seconds,
        bytesSent: traffic,
        points: Object.fromEntries(await contributions(sources, run)),
        files,
      },
      sample:
        model.round < FIRST_ROUND
          ? null
          : await generateText(run, folder.onnx, { prompt: PROMPT, characters: SAMPLE_CHARACTERS, signal }),
    }
  } finally {
    for (const source of sources) await source.store.close()
  }
}

/** Points of every peer over all certified rounds, from the certificates that the folders hold. */
async function contributions(sources: readonly StageSource[], run: Run): Promise<Map<PeerName, number>> {
  const certificates = new Map<number, Certificate[]>()
  for (const { stage, store } of sources) {
    const found: Certificate[] = []
    for (let round = FIRST_ROUND; round <= (store.newest(stage) ?? 0); round++) {
      const encoded = await store.certificate(stage, round)
      const certificate = encoded === null ? null : decodeCertificate(encoded)
      if (certificate !== null && !isRefusal(certificate)) found.push(certificate)
    }
    certificates.set(stage, found)
  }
  return points(certificates, stageShares(run.manifest))
}

function tokensPerRound({ manifest }: Run): number {
  return manifest.batch.target * manifest.batch.sequences * manifest.model.sequence
}

/** The chart tells the whole run, also what earlier starts of the folder did. */
function extendHistory(folder: SwarmFolder, lines: readonly RoundLine[]): RoundLine[] {
  const before = existsSync(folder.history)
    ? readFileSync(folder.history, 'utf8')
        .split('\n')
        .filter(line => line !== '')
        .map(line => JSON.parse(line) as RoundLine)
    : []
  const last = before.at(-1)?.round ?? 0
  const fresh = lines.filter(line => line.round > last)
  appendFileSync(folder.history, fresh.map(line => `${JSON.stringify(line)}\n`).join(''))
  return [...before, ...fresh]
}
