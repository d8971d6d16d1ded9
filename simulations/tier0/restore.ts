/** Brings the engine to where the disk ends: the snapshot, then every certified aggregate after it (node/peer/restore). */
import { isPartOf } from '../../consensus/recovery/index.ts'
import { roundAfter } from '../../node/peer/reformed.ts'
import type { Tip } from '../../node/peer/tip.ts'
import { FIRST_ROUND } from '../../node/run/state-chain.ts'
import { isZeroHash } from '../../protocols/wire/hash.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import type { SimHistory } from './history.ts'
import type { SimPeer } from './peer.ts'

/** The tip of what the disk has; rounds that a recovery of the stage left are dropped first. */
export function restoredTip({ journal, engine, recoveries }: SimPeer, start: Tip, history: SimHistory): Tip {
  if (recoveries.length > 0) journal.leave(scope => isPartOf(scope, recoveries))
  const { snapshot } = journal
  let tip = start
  let isState = snapshot === null
  for (let round = FIRST_ROUND; ; round = roundAfter(round, recoveries)) {
    const stored = journal.rounds.get(round)
    if (stored === undefined) return tip
    const certified = history.follow(stored.certificate, tip)
    if (isRefusal(certified)) throw new Error(`a stored certificate: ${certified.detail ?? certified.refused}`)
    const { outcome } = certified.verified
    if (snapshot !== null && round === snapshot.round) {
      engine.importState(snapshot.state)
      isState = true
    } else if (isState && !isZeroHash(outcome.aggregateRoot)) {
      // Without the aggregates the state is that of before: it is fetched from siblings.
      if (stored.partitions === null) return tip
      engine.execute(round, stored.partitions, false)
      engine.promote({ adoptMomentum: true })
    }
    tip = certified.tip
  }
}
