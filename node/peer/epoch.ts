/** Who sits where and who goes first in an epoch: a pure function of its beacon and the stakes of its height. */
import { type Group, makeGroup } from '../../consensus/election/index.ts'
import { epochLanes, type Lanes } from '../../consensus/routing/lanes.ts'
import type { Hash, PeerName } from '../../protocols/wire/messages.ts'
import type { Run } from '../run/folder.ts'

/** Everything about an epoch that peers compute alike. */
export interface Epoch {
  readonly number: number
  readonly beacon: Hash
  /** One group a stage. */
  readonly groups: readonly Group[]
  readonly lanes: Lanes
}

export interface EpochInit {
  readonly run: Run
  /** Stage of each seated peer. */
  readonly stageOf: ReadonlyMap<PeerName, number>
  readonly number: number
  readonly beacon: Hash
  readonly stakes: ReadonlyMap<PeerName, bigint>
}

export function makeEpoch({ run: { id, manifest }, stageOf, number, beacon, stakes }: EpochInit): Epoch {
  const dealt: { peer: PeerName; stake: bigint }[][] = Array.from({ length: manifest.stages }, () => [])
  // A bond that was withdrawn keeps its seat until the group changes by certificate, but no longer raises odds.
  for (const [peer, stage] of stageOf) dealt[stage]?.push({ peer, stake: stakes.get(peer) ?? 0n })
  const { genesis } = manifest.chain
  const groups = dealt.map((seats, stage) => makeGroup({ genesis, run: id, epoch: number, stage }, seats))
  return { number, beacon, groups, lanes: epochLanes({ beacon, run: id }, groups) }
}
