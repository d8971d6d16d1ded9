/** Seats that have announced to be away for a while (README.md, "Pauses"). */
import type { PeerName } from '../../protocols/wire/messages.ts'
import { PAUSE_AGAIN_EPOCHS, PAUSE_EPOCHS } from './constants.ts'
import type { DecidedChanges, Roster } from './types.ts'

/** The epoch in which each pause was decided, as long as it counts for anything. */
export type Pauses = ReadonlyMap<PeerName, number>

/** Is the seat's pause still in force in this epoch? */
export function isPaused(pauses: Pauses, epoch: number, peer: PeerName): boolean {
  const since = pauses.get(peer)
  return since !== undefined && epoch - since <= PAUSE_EPOCHS
}

/** Has the seat not paused lately? */
export function mayPause(pauses: Pauses, epoch: number, peer: PeerName): boolean {
  const since = pauses.get(peer)
  return since === undefined || epoch - since >= PAUSE_AGAIN_EPOCHS
}

/** The first epoch in which a pause that is decided in `epoch` is over. */
export function pauseEnds(epoch: number): number {
  return epoch + PAUSE_EPOCHS + 1
}

/** Pauses of the seats as of an epoch, from those before it and what was decided since. */
export function nextPauses(
  before: Pick<Roster, 'stageOf' | 'paused'>,
  decided: readonly DecidedChanges[],
  epoch: number,
): Pauses {
  const paused = new Map(before.paused)
  for (const { stage, epoch: of, changes } of decided) {
    // No stage decides in an epoch that has not begun.
    const since = Math.min(of, epoch - 1)
    for (const { peer, act } of changes)
      if (act === 'pause' && before.stageOf.get(peer) === stage)
        paused.set(peer, Math.max(since, paused.get(peer) ?? 0))
  }
  return new Map([...paused].filter(([, since]) => epoch - since < PAUSE_AGAIN_EPOCHS))
}
