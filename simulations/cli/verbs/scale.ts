/** `swarm-sim scale`: what a round costs as the swarm grows. */
import type { Fit } from '../../scale/fit.ts'
import { fitRows, measureScale, type ScaleFits, type ScaleRow, sizeOf } from '../../scale/scale.ts'
import { scaleScenario } from '../../scenarios/scale.ts'
import type { Call } from '../call.ts'
import { EXIT } from '../exit.ts'
import { type Table, tableCsv, tableText } from '../table.ts'

const SEED = 1
/** What open networks should have (docs/security.md). */
const DEFAULT_REPLICAS = 16
const DEFAULT_ROUNDS = 10
/** For old objects: with the young ones and all else a swarm of 10,000 peers stays within 8 GB. */
const MEMORY_MIB = 5632

export async function run(call: Call): Promise<number> {
  const { settings, surroundings, harness } = call
  const replicas = settings.replicas ?? DEFAULT_REPLICAS
  const rounds = settings.rounds ?? DEFAULT_ROUNDS
  const rows = await measureScale({
    source: call.source,
    scenarios: settings.peers!.map(peers => harness.draw(scaleScenario(sizeOf(peers, replicas), rounds), SEED)),
    memoryMiB: MEMORY_MIB,
    onRow: row => surroundings.terminal?.write(`${row.peers} peers: ${row.roundsPerSecond.toPrecision(3)} rounds/s\n`),
    signal: surroundings.signal,
  })
  surroundings.signal.throwIfAborted()
  const fits = fitRows(rows, replicas)
  if (settings.json) surroundings.print(JSON.stringify({ kind: 'scale', rows, fits }))
  else if (settings.csv) surroundings.print(tableCsv(tableOf(rows)))
  else surroundings.print(`${tableText(tableOf(rows))}\n\n${fitText(fits)}`)
  return rows.every(({ verdict }) => verdict === 'valid') ? EXIT.valid! : EXIT.unknown!
}

function tableOf(rows: readonly ScaleRow[]): Table {
  return {
    columns: [
      'peers',
      'stages',
      'replicas',
      'rounds',
      'micro-batches/round',
      'rounds/s',
      'x real time',
      'cpu s',
      'messages/peer/round',
      'kB/peer/round',
      'memory MB',
      'kB/peer',
      'verdict',
    ],
    rows: rows.map(row => [
      row.peers,
      row.stages,
      row.replicas,
      row.rounds,
      row.microBatchesPerRound,
      row.roundsPerSecond,
      row.timesRealTime,
      row.cpuSeconds,
      row.messagesPerPeerRound,
      row.bytesPerPeerRound / 1e3,
      Math.round(row.memoryBytes / 1e6),
      row.memoryPerPeer / 1e3,
      row.verdict,
    ]),
  }
}

function fitText({ peers, cpu, messages, bytes, memory }: ScaleFits): string {
  if (peers.length < 2) return 'no growth is fitted: it takes two sizes whose stages are full'
  const line = (what: string, fit: Fit | null) =>
    fit === null ? `${what}: -` : `${what}: peers^${fit.exponent.toFixed(2)} (R2 ${fit.rSquared.toFixed(3)})`
  return [
    `growth with the number of peers, over ${peers.join(', ')}:`,
    line('processor time a round', cpu),
    line('messages a round', messages),
    line('bytes a round', bytes),
    line('memory', memory),
  ].join('\n')
}
