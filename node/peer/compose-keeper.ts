/** Joins the keeper of another stage's checkpoints with what a peer has. */
import { keepingStage, keptStage } from '../../consensus/recovery/index.ts'
import type { State } from '../../protocols/state/index.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { DEFAULT_SPEEDS, KEPT_BYTES_PER_SECOND } from '../config/sync.ts'
import { cutModel, stateBytes } from '../engine/partition/index.ts'
import { Checkpoints } from '../journal/index.ts'
import type { Connected } from './connected.ts'
import type { PeerInit, WatchedEnvironment } from './environment.ts'
import { Keeper } from './keeper.ts'
import type { Seat } from './seat.ts'

/** Null where the run has one stage: nobody else is there to keep anything. */
export async function openKeeper(
  { run, bus, sync }: PeerInit,
  { digest }: Pick<WatchedEnvironment, 'digest'>,
  { self, stage, disk, membership, reporter }: Seat,
  state: Pick<State, 'snapshot'>,
  connected: Pick<Connected, 'of'>,
): Promise<Keeper | null> {
  const { model, stages, batch } = run.manifest
  const kept = keptStage(stage, stages)
  const cut = kept === null ? undefined : cutModel(model, stages, batch.sequences)[kept]
  if (kept === null || cut === undefined) return null
  const taken = (sync ?? DEFAULT_SPEEDS).takenBytesPerSecond ?? Number.POSITIVE_INFINITY
  return new Keeper({
    run,
    self,
    stage,
    checkpoints: await Checkpoints.open({ storage: await disk.openCheckpoints(), stage: kept, digest }),
    stateBytes: stateBytes(model, cut),
    membership,
    state,
    sources: () => connected.of(kept),
    bytesPerSecond: Math.min(KEPT_BYTES_PER_SECOND, taken),
    onKept: (round, bytes) => bus.emit('checkpoint.kept', { stage: kept, round, bytes }),
    onWarning: message => reporter.warning(message),
  })
}

/** Connected seats of the stage that keeps the checkpoints of this one. */
export function keepersAround(connected: Pick<Connected, 'of'>, stage: number, stages: number): readonly PeerName[] {
  const keeping = keepingStage(stage, stages)
  return keeping === null ? [] : connected.of(keeping)
}
