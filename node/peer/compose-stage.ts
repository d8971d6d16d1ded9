/** A peer's place in a stage, from taking it to its end. */
import type { StartPhase } from '../events/types.ts'
import { finalRound } from './compose-anchors.ts'
import type { PeerInit, WatchedEnvironment } from './environment.ts'
import { joinStage } from './join-stage.ts'
import type { PauseRequest } from './pause-request.ts'
import type { Places } from './places.ts'
import { openSeat, type StagePlace } from './seat.ts'
import { suspendIfStale } from './stale.ts'

export type Timed = <Result>(phase: StartPhase, work: () => Promise<Result>) => Promise<Result>

/** Told to stop or to pause, or the peer's place is another one now. */
export type StageEnd = 'stopped' | 'paused' | 'moved'

export interface StageLife {
  readonly init: PeerInit
  readonly environment: WatchedEnvironment
  readonly place: StagePlace
  /** Says how long a step of starting took. */
  readonly timed: Timed
  /** When the peer began to look for this place, as of `clock`. */
  readonly beganMs: number
  readonly pausing: PauseRequest
  readonly places: Places
  readonly signal: AbortSignal
}

/** Holds a place in a stage, with a seat or before one. Rejects where it cannot take part, or cannot go on. */
export async function holdStage(life: StageLife): Promise<StageEnd> {
  const { init, environment, place, timed, beganMs, pausing, places, signal: outer } = life
  const { clock, chain } = environment
  const { bus } = init
  // Fires with the caller's signal, with the end of this place, or with the first error that leaves nothing to do.
  const own = new AbortController()
  const signal = AbortSignal.any([outer, own.signal])
  const seat = await openSeat(init, environment, place, signal, error => own.abort(error))
  const { reporter, stage, membership, stageState, journal } = seat
  await membership.epoch(membership.epochOf(stageState.tip.reference.height), signal)
  bus.emit('start.phase', { phase: 'seats', ms: clock.nowMs() - beganMs })
  const peer = await joinStage(init, environment, seat, places, signal)
  try {
    // Read while the peer dials and catches up; whoever waits for it hears of a failure.
    const anchored = finalRound(init.run, chain, seat, signal)
    anchored.catch(() => undefined)
    await peer.start()
    const isUnderWay = stageState.tip.round > stageState.start.round
    await timed('dial', () => peer.connected.enough(signal, { isUnderWay }))
    if (stageState.tip.round > 0) bus.emit('synced', { stage, round: stageState.tip.round, by: 'local' })
    const by = await timed('sync', () => peer.catchUp.run(signal))
    if (by !== 'nothing') bus.emit('synced', { stage, round: stageState.tip.round, by })
    reporter.waiting('')
    const stale = await suspendIfStale({
      run: init.run.id,
      stage,
      lastFinalRound: await anchored,
      reformed: membership.recoveries(stage).at(-1) ?? null,
      journal,
      agreement: peer.agreement,
      siblings: peer.connected.of(stage),
      clock,
      signal,
    })
    if (stale !== null) reporter.suspended(stale)
    peer.keyWatch.begin(stageState.tip.round)
    void peer.watchdog.run(signal)
    const end = await peer.run(signal, pausing)
    if (own.signal.aborted) throw own.signal.reason
    return end
  } finally {
    own.abort(new Error('this place is given up'))
    await peer.stop()
  }
}
