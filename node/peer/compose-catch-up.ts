/** Joins what fetches missed rounds with what a peer has. */
import type { State } from '../../protocols/state/index.ts'
import type { Run } from '../run/folder.ts'
import { CatchUp, type CatchUpInit } from './catch-up.ts'
import { keepersAround } from './compose-keeper.ts'
import type { Connected } from './connected.ts'
import type { Seat } from './seat.ts'

export interface CatchUpParts extends Pick<CatchUpInit, 'anchors' | 'onCertificate' | 'onProgress'> {
  readonly run: Run
  readonly state: State
  readonly connected: Pick<Connected, 'of'>
  readonly signal: AbortSignal
}

/** @param seat - whose stage is caught up with */
export async function joinCatchUp(
  { stage, engine, store, stageState, history, reporter }: Seat,
  { run, state, connected, signal, ...rest }: CatchUpParts,
): Promise<CatchUp> {
  return new CatchUp({
    ...rest,
    stage,
    partitions: engine.shape.partitions,
    stateBytes: (await engine.exportState({ signal })).length,
    state,
    stageState,
    store,
    history,
    siblings: () => connected.of(stage),
    keepers: () => keepersAround(connected, stage, run.manifest.stages),
    onTransfer: progress => reporter.syncing(progress),
  })
}
