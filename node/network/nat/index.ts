export { Nat, type NatComponents } from './nat.ts'
export { dialOrder, natDiscovery, natServices, natTransports } from './parts.ts'
export { relayedDials } from './relayed-dials.ts'
