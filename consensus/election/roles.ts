/** Who leads and who aggregates in a round of a stage. Drawn once a round: each draw costs a hash a seat and partition. */
import { hashHex } from '../../protocols/wire/hash.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { partitionCandidates, ROLES, rankByStake } from './ranking.ts'
import type { Draw, Group } from './types.ts'

export interface RoundRoles {
  /** Leader of view w: element w mod n. */
  readonly proposers: readonly PeerName[]
  /** The 2f + 1 candidates of each partition, in rank order. */
  readonly candidates: readonly (readonly PeerName[])[]
}

/** From two rounds before the current one, which are still served, to one ahead. */
const ROUNDS_KEPT = 4

/** A group is that of one stage and epoch, so few rounds of it are asked for at a time. */
const DRAWN = new WeakMap<Group, Map<string, RoundRoles>>()

export function roundRoles(
  draw: Omit<Draw, 'role'>,
  group: Group,
  { partitions, stakeCap }: { readonly partitions: number; readonly stakeCap: bigint },
): RoundRoles {
  const key = `${draw.round}/${draw.stage}/${partitions}/${stakeCap}/${draw.run}/${hashHex(draw.beacon)}`
  const drawn = DRAWN.get(group) ?? new Map<string, RoundRoles>()
  const known = drawn.get(key)
  if (known !== undefined) return known
  const roles = {
    proposers: rankByStake({ ...draw, role: ROLES.proposer }, group.seats, stakeCap),
    candidates: Array.from({ length: partitions }, (_, partition) => partitionCandidates(draw, group, partition)),
  }
  DRAWN.set(group, drawn.set(key, roles))
  const oldest = drawn.keys().next().value
  if (drawn.size > ROUNDS_KEPT && oldest !== undefined) drawn.delete(oldest)
  return roles
}
