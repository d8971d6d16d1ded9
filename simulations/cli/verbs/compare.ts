/** `swarm-sim compare`: two runs beside each other. */

import { watchRun } from '../../report/watch.ts'
import type { SimEvent, VerdictKind } from '../../trace/types.ts'
import type { Call } from '../call.ts'
import { EXIT } from '../exit.ts'
import { type ChosenRun, chooseRun } from '../reference.ts'
import { tableCsv, tableText } from '../table.ts'

interface Measured {
  readonly run: string
  readonly verdict: VerdictKind
  readonly sentence: string
  readonly tier: number
  readonly trainLoss: number | null
  readonly heldOutLoss: number | null
  readonly rounds: number
  readonly viewChanges: number
  readonly skips: number
  readonly refusals: number
  readonly virtualSeconds: number
  readonly virtualSecondsPerRound: number
  readonly messages: number
  readonly bytes: number
  readonly bytesPerPeerRound: number
  readonly microBatchesPaid: number
  readonly wallSeconds: number
}

export async function run(call: Call): Promise<number> {
  const { settings, surroundings } = call
  const measured: Measured[] = []
  for (const word of call.words) measured.push(await measure(call, chooseRun(call, word)))
  const [first, second] = measured as [Measured, Measured]
  if (settings.json) surroundings.print(JSON.stringify({ kind: 'compare', runs: measured }))
  else {
    const rows = Object.keys(first).map(name => [
      worded(name),
      cell(first[name as keyof Measured]),
      cell(second[name as keyof Measured]),
      ratio(first[name as keyof Measured], second[name as keyof Measured]),
    ])
    const table = { columns: ['', 'first', 'second', 'second / first'], rows }
    surroundings.print(settings.csv ? tableCsv(table) : tableText(table))
  }
  return Math.max(EXIT[first.verdict]!, EXIT[second.verdict]!)
}

async function measure({ harness, surroundings }: Call, { scenario, tier, reference }: ChosenRun): Promise<Measured> {
  const seen = { train: null as number | null, heldOut: null as number | null, views: 0, refusals: 0 }
  const skips = new Set<string>()
  const onEvent = (event: SimEvent) => {
    if (event.type === 'loss') {
      seen.train = event.train ?? seen.train
      seen.heldOut = event.heldOut ?? seen.heldOut
    } else if (event.type === 'view' && (event.view ?? 0) > 0) seen.views++
    else if (event.type === 'refused') seen.refusals++
    else if (event.type === 'decided' && event.skip) skips.add(`${event.stage}/${event.round}`)
  }
  const { result } = await watchRun({
    harness,
    scenario,
    tier,
    reference,
    folder: null,
    onEvent,
    signal: surroundings.signal,
  })
  const { statistics, verdict } = result
  const rounds = Math.max(1, statistics.roundsDecided)
  return {
    run: `${reference}${reference.includes(':') ? '' : ` (seed ${scenario.seed})`}`,
    verdict: verdict.verdict,
    sentence: verdict.sentence,
    tier,
    trainLoss: seen.train,
    heldOutLoss: seen.heldOut,
    rounds: statistics.roundsDecided,
    viewChanges: seen.views,
    skips: skips.size,
    refusals: seen.refusals,
    virtualSeconds: statistics.virtualMs / 1000,
    virtualSecondsPerRound: (statistics.virtualMs / 1000 / rounds) * scenario.swarm.stages,
    messages: statistics.messages,
    bytes: statistics.bytes,
    bytesPerPeerRound: (statistics.bytes / Math.max(1, statistics.peers) / rounds) * scenario.swarm.stages,
    microBatchesPaid: statistics.microBatchesSettled,
    wallSeconds: statistics.wallMs / 1000,
  }
}

function worded(name: string): string {
  return name.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)
}

function cell(value: string | number | null): string {
  if (value === null) return '-'
  if (typeof value === 'string') return value
  return Number.isInteger(value) ? String(value) : value.toPrecision(4)
}

function ratio(first: string | number | null, second: string | number | null): string {
  if (typeof first !== 'number' || typeof second !== 'number' || first === 0) return ''
  return (second / first).toFixed(3)
}
