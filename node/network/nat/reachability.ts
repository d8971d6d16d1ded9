/** Is this peer reachable, and by what path? Decided from what is known now; pure. */
import type { Reachability } from './types.ts'

export interface ReachabilityFacts {
  /** A direct address of this peer that another peer has dialled, or that its owner announces; null where there is none. */
  readonly confirmed: string | null
  /** Open connections that came in straight from another machine, by the kind of address they came from. */
  readonly inbound: { readonly public: number; readonly near: number }
  /** Open direct connections with machines of the public internet, either direction. */
  readonly publicPeers: number
  /** Relays that hold a place for this peer. */
  readonly relays: readonly string[]
}

/**
 * A call from the same house proves nothing while the swarm lives outside it; in a swarm that is all in one network it is all
 * the proof there can be.
 */
export function judgeReachability({ confirmed, inbound, publicPeers, relays }: ReachabilityFacts): Reachability {
  if (confirmed !== null) return { state: 'public', via: confirmed }
  if (inbound.public > 0 || (publicPeers === 0 && inbound.near > 0)) return { state: 'public', via: 'inbound' }
  if (relays.length > 0) return { state: 'relayed', via: [...relays].sort().join(',') }
  return { state: 'unreachable', via: '' }
}

const STRENGTH = { unreachable: 0, relayed: 1, public: 2 } as const

/** Does `left` promise less than `right`? */
export function isWeaker(left: Reachability, right: Reachability): boolean {
  return STRENGTH[left.state] < STRENGTH[right.state]
}
