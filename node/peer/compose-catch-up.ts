/** Joins what fetches missed rounds with what a peer has. */
import type { State } from '../../protocols/state/index.ts'
import { cutModel, stateBytes } from '../engine/partition/index.ts'
import type { Run } from '../run/folder.ts'
import { CatchUp, type CatchUpInit } from './catch-up.ts'
import { keepersAround } from './compose-keeper.ts'
import type { Connected } from './connected.ts'
import type { Seat } from './seat.ts'

export interface CatchUpParts extends Pick<CatchUpInit, 'anchors' | 'onCertificate' | 'onProgress'> {
  readonly run: Run
  readonly state: State
  readonly connected: Pick<Connected, 'of'>
}

/** @param seat - whose stage is caught up with */
export function joinCatchUp(
  { stage, engine, store, stageState, history, reporter }: Seat,
  { run, state, connected, ...rest }: CatchUpParts,
): CatchUp {
  const { model, stages, batch } = run.manifest
  const cut = cutModel(model, stages, batch.sequences)[stage]
  if (cut === undefined) throw new RangeError(`no stage ${stage}`)
  return new CatchUp({
    ...rest,
    stage,
    partitions: engine.shape.partitions,
    stateBytes: stateBytes(model, cut),
    state,
    stageState,
    store,
    history,
    siblings: () => connected.of(stage),
    keepers: () => keepersAround(connected, stage, stages),
    onTransfer: progress => reporter.syncing(progress),
  })
}
