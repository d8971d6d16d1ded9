/** What a local run ends with: the summary, the chart, the exported model and a sample of its text. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
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

const SAMPLE = { prompt: 'Call me Ishmael. ', characters: 200 } as const

export interface FinishInit {
  readonly folder: SwarmFolder
  readonly peerFolders: readonly string[]
  readonly run: Run
  readonly progress: Progress
  readonly traffic: Readonly<Record<string, number>>
  readonly signal: AbortSignal
}

export interface Finished {
  readonly summary: Summary
  /** Generated text; null where no round was certified. */
  readonly sample: string | null
}

export async function finishRun(init: FinishInit): Promise<Finished> {
  const { folder, run, progress, traffic, signal } = init
  const seconds = progress.trainingSeconds()
  const tokens = progress.tokens()
  const tokensPerSecond = seconds === 0 ? 0 : tokens / seconds
  const base = { run: run.id, tokens, tokensPerSecond, seconds, bytesSent: traffic }
  const sources = await openSources(init.peerFolders, run, readSeat)
  try {
    if (!hasCertified(sources, run)) return { summary: { ...base, ...NOTHING }, sample: null }
    const history = extendHistory(folder, progress.losses)
    writeFileSync(folder.chart, lossChart(history, `swarm-node run ${run.id}`))
    const model = await assembleModel(sources, run, signal)
    writeModel(model, run, folder)
    const heldOut = history.flatMap(line => (line.heldOut === null ? [] : [line.heldOut]))
    const anchored = [...progress.stages.values()].map(stage => stage.anchoredRound)
    const summary = {
      ...base,
      rounds: { certified: model.round, final: Math.max(0, Math.min(...anchored, model.round)) },
      heldOut: { first: heldOut[0] ?? null, last: heldOut.at(-1) ?? null },
      points: Object.fromEntries(await contributions(sources, run)),
      files: [folder.chart, folder.onnx, folder.safetensors],
    }
    return { summary, sample: await generateText(run, folder.onnx, { ...SAMPLE, signal }) }
  } finally {
    for (const source of sources) await source.store.close()
  }
}

/** What is told of a run that was stopped before every stage had certified a round. */
const NOTHING = {
  rounds: { certified: 0, final: 0 },
  heldOut: { first: null, last: null },
  points: {},
  files: [],
} as const

function hasCertified(sources: readonly StageSource[], { manifest }: Run): boolean {
  return sources.length === manifest.stages && sources.every(({ toRound }) => toRound >= FIRST_ROUND)
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
