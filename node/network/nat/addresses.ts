/** Kinds of addresses, and the order in which they are dialled and told: direct paths before relays. */
import { BlockList } from 'node:net'
import { networkInterfaces } from 'node:os'
import { isLoopback, isPrivate } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'

/** Best first. A private address of another network is last: it most likely leads nowhere, slowly. */
export const PATHS = ['near', 'public', 'loopback', 'relayed', 'far'] as const
export type Path = (typeof PATHS)[number]

export function isRelayed(address: Multiaddr): boolean {
  return address.getComponents().some(component => component.name === 'p2p-circuit')
}

/** The relay of a relayed address, in text form; null where there is none. */
export function relayOf(address: Multiaddr): string | null {
  const components = address.getComponents()
  const circuit = components.findIndex(component => component.name === 'p2p-circuit')
  if (circuit < 0) return null
  return components.slice(0, circuit).findLast(component => component.name === 'p2p')?.value ?? null
}

export function pathOf(address: Multiaddr, isNear: (address: Multiaddr) => boolean): Path {
  if (isRelayed(address)) return 'relayed'
  if (isLoopback(address)) return 'loopback'
  if (!isPrivate(address)) return 'public'
  return isNear(address) ? 'near' : 'far'
}

/** Compares two addresses by their path, for sorting; a stable sort keeps the order of what is equal. */
export function comparePaths(left: Multiaddr, right: Multiaddr, isNear = isNearby): -1 | 0 | 1 {
  const difference = PATHS.indexOf(pathOf(left, isNear)) - PATHS.indexOf(pathOf(right, isNear))
  return difference < 0 ? -1 : difference > 0 ? 1 : 0
}

/** What others are told: best paths first, and loopback, own or a relay's, only where there is nothing else. */
export function toldAddresses(own: readonly Multiaddr[]): Multiaddr[] {
  const elsewhere = own.filter(address => !startsAtLoopback(address))
  return (elsewhere.length === 0 ? own : elsewhere).toSorted((left, right) => comparePaths(left, right))
}

function startsAtLoopback(address: Multiaddr): boolean {
  const host = address.getComponents().find(({ name }) => name === 'ip4' || name === 'ip6')?.value ?? ''
  return host.startsWith('127.') || host === '::1'
}

/** Whether an address lies in a network that this machine has an interface in. Asked anew each time: laptops move. */
export function isNearby(address: Multiaddr): boolean {
  const host = address.getComponents().find(({ name }) => name === 'ip4' || name === 'ip6')
  if (host?.value === undefined) return false
  const near = new BlockList()
  for (const own of Object.values(networkInterfaces()).flatMap(list => list ?? [])) {
    const prefix = Number(own.cidr?.split('/')[1])
    if (Number.isInteger(prefix)) near.addSubnet(own.address, prefix, own.family === 'IPv4' ? 'ipv4' : 'ipv6')
  }
  return near.check(host.value, host.name === 'ip4' ? 'ipv4' : 'ipv6')
}
