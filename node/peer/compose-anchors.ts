/** Joins what a peer does with the anchors of its stage: posts and reads them, begins at one, and removes what one covers. */
import type { PostedAnchor } from '../../consensus/chain/types.ts'
import { hashHex } from '../../protocols/wire/hash.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { DEFAULT_KEEP_ROUNDS } from '../config/options.ts'
import type { Run } from '../run/folder.ts'
import { lastFinalRound, newestAnchors } from './anchor-pages.ts'
import { Anchorer } from './anchorer.ts'
import type { CatchUpInit } from './catch-up.ts'
import type { PeerInit, WatchedEnvironment } from './environment.ts'
import { Pruner } from './pruner.ts'
import type { Seat } from './seat.ts'

export interface Anchoring {
  readonly anchorer: Anchorer
  readonly pruner: Pruner
  /** Where a history can begin whose first rounds nobody keeps. */
  readonly anchors: CatchUpInit['anchors']
}

export function joinAnchors(
  { run, bus, keepRounds }: PeerInit,
  { chain, clock }: WatchedEnvironment,
  { stage, membership, store, reporter }: Seat,
  signal: AbortSignal,
): Anchoring {
  const onWarning = (message: string): void => reporter.warning(message)
  const isMember = (peer: PeerName, height: number): boolean => membership.hadSeat(peer, stage, height)
  const { height: fromHeight } = membership.start
  const anchorer = new Anchorer({
    chain,
    posted: membership.posted,
    clock,
    run: run.id,
    stage,
    fromHeight,
    isMember,
    reformed: { recoveries: () => membership.recoveries(stage), startOf: epoch => membership.startOf(epoch) },
    signal,
    onAnchored({ stage: of, fromRound: from, toRound: to, block: { height }, link }) {
      if (!membership.hasLeft(of, to, height))
        bus.emit('round.anchored', { stage: of, from, to, block: height, link: hashHex(link) })
    },
    onWarning,
  })
  const pruner = new Pruner({
    store,
    stage,
    keepRounds: keepRounds ?? DEFAULT_KEEP_ROUNDS,
    finalAtMost: round => anchorer.finalAtMost(round),
    onWarning,
  })
  return {
    anchorer,
    pruner,
    anchors: stageAnchors(run, chain, { stage, membership }),
  }
}

/** What members of a stage have anchored of its history. */
export function stageAnchors(
  run: Run,
  chain: WatchedEnvironment['chain'],
  { stage, membership }: Pick<Seat, 'stage' | 'membership'>,
): CatchUpInit['anchors'] {
  return async signal => {
    // Read before they are weighed: an anchor's author is one of those who sat there then.
    await membership.foresee((await chain.finalizedHead({ signal })).height, signal)
    const wanted = { run: run.id, stage, afterHeight: membership.start.height }
    return newestAnchors(membership.posted, { ...wanted, counts: anchor => membership.isOfHistory(anchor) }, signal)
  }
}

/** The newest round of a stage that is anchored; of one that was re-formed, since then. Null for none. */
export async function finalRound(
  run: Run,
  chain: WatchedEnvironment['chain'],
  { stage, membership, stageState }: Pick<Seat, 'stage' | 'membership' | 'stageState'>,
  signal: AbortSignal,
): Promise<number | null> {
  await membership.foresee((await chain.finalizedHead({ signal })).height, signal)
  const reformed = membership.recoveries(stage).at(-1)
  const afterHeight = reformed === undefined ? membership.start.height : membership.startOf(reformed.epoch)
  const wanted = { run: run.id, stage, afterHeight, counts: (anchor: PostedAnchor) => membership.isOfHistory(anchor) }
  return lastFinalRound(membership.posted, wanted, stageState.tip.reference.height, signal)
}
