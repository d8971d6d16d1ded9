/** The real engine on this thread; how long its jobs take is modelled: micro-batches by the scenario, the rest by size. */
import { cutModel } from '../../node/engine/partition/index.ts'
import { createInlineEngine, type JobKind, type StageEngine } from '../../node/engine/runtime/index.ts'
import type { Run } from '../../node/run/folder.ts'
import type { Workload } from '../scenario/types.ts'
import type { SimProcess } from './process.ts'

/** What a vector operation over a stage's values takes on a nominal machine, ms a million bytes. */
const VECTOR_MS_PER_MEGABYTE = 2
const MEGABYTE = 1e6

export interface SimEngineInit {
  readonly run: Run
  readonly stage: number
  readonly process: SimProcess
  readonly workload: Workload
  /** Of computing, now; 1 is nominal. */
  readonly speed: () => number
}

export function openSimEngine({ run, stage, process, workload, speed }: SimEngineInit): Promise<StageEngine> {
  const { manifest } = run
  const cut = cutModel(manifest.model, manifest.stages, manifest.batch.sequences)[stage]
  if (cut === undefined) throw new RangeError(`no stage ${stage}`)
  const pace = (kind: JobKind): Promise<void> =>
    new Promise(resolve => process.clock.after(nominalMs(kind, workload) / speed(), resolve))
  return createInlineEngine({ manifest, cut, replicas: manifest.replicas, threads: 1 }, pace)
}

function nominalMs(kind: JobKind, { forwardMs, backwardMs, gradientBytes }: Workload): number {
  switch (kind) {
    case 'forward':
    case 'evaluate':
    case 'logits':
      return forwardMs
    // It computes the forward again.
    case 'backward':
    case 'head':
      return forwardMs + backwardMs
    case 'execute':
    case 'commit':
    case 'fullRoot':
    case 'exportState':
    case 'importState':
      return (gradientBytes / MEGABYTE) * VECTOR_MS_PER_MEGABYTE
    case 'aggregate':
    case 'checkPartition':
    case 'beginRound':
    case 'promote':
    case 'parameters':
      return 0
  }
}
