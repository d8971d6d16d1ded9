/** Who sits where and who goes first in an epoch: a pure function of its roster, its beacon and the stakes of its height. */
import { type Group, makeGroup } from '../../consensus/election/index.ts'
import type { Roster } from '../../consensus/membership/index.ts'
import { epochLanes, type Lanes } from '../../consensus/routing/lanes.ts'
import type { Hash, PeerName } from '../../protocols/wire/messages.ts'
import type { Run } from '../run/folder.ts'

/** Everything about an epoch that peers compute alike. */
export interface Epoch {
  readonly number: number
  readonly beacon: Hash
  readonly roster: Roster
  /** One group a stage. */
  readonly groups: readonly Group[]
  readonly lanes: Lanes
}

export interface EpochInit {
  readonly run: Run
  readonly roster: Roster
  readonly beacon: Hash
  readonly stakes: ReadonlyMap<PeerName, bigint>
  /** Seats that take the last lanes (consensus/routing). */
  readonly slow: ReadonlySet<PeerName>
}

export function makeEpoch({ run: { id, manifest }, roster, beacon, stakes, slow }: EpochInit): Epoch {
  const number = roster.epoch
  const dealt: { peer: PeerName; stake: bigint }[][] = Array.from({ length: manifest.stages }, () => [])
  // A seat whose bond was withdrawn and that its stage cannot spare yet no longer raises odds.
  for (const [peer, stage] of roster.stageOf) dealt[stage]?.push({ peer, stake: stakes.get(peer) ?? 0n })
  const { genesis } = manifest.chain
  const groups = dealt.map((seats, stage) => makeGroup({ genesis, run: id, epoch: number, stage }, seats))
  return { number, beacon, roster, groups, lanes: epochLanes({ beacon, run: id }, groups, slow) }
}

/** Has this peer a seat in the stage? */
export function isSeated({ roster }: Epoch, peer: PeerName, stage: number): boolean {
  return roster.stageOf.get(peer) === stage
}
