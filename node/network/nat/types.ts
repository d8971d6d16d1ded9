/** What the parts that reach peers behind routers are told, and what they find out. */

/** `auto`: serves as a relay when others reach this peer directly, uses others' relays when not. `serve`: serves without waiting for that proof. */
export const RELAY_MODES = ['auto', 'serve', 'off'] as const
export type RelayMode = (typeof RELAY_MODES)[number]

/** What a relay gives away at most. */
export interface RelayLimits {
  /** Peers that may wait for callers here at a time. */
  readonly reservations: number
  /** Of these, from one IPv4 address or IPv6 /64. */
  readonly reservationsPerHost: number
  /** Relayed connections at a time. */
  readonly circuits: number
  /** Of these, to or from one peer. */
  readonly circuitsPerPeer: number
  /** Bytes that one relayed connection carries, both directions together. */
  readonly circuitBytes: number
  /** How long one relayed connection lasts, ms. */
  readonly circuitMs: number
}

export interface NatInit {
  readonly relay: RelayMode
  /** Asks the router to forward a port (UPnP, NAT-PMP's successor in homes). */
  readonly portMapping: boolean
  /** Looks for peers of the same network with multicast DNS. */
  readonly localDiscovery: boolean
  readonly relayLimits: RelayLimits
}

/** `public`: others open connections to this peer. `relayed`: only over a relay. `unreachable`: it can only call others. */
export type ReachabilityState = 'public' | 'relayed' | 'unreachable'

export interface Reachability {
  readonly state: ReachabilityState
  /** `public`: the confirmed address, or `inbound` where others' connections are the proof; `relayed`: the relays' names, with commas; else empty. */
  readonly via: string
}
