/** What libp2p is given for peers that cannot be dialled: transport, services and local discovery. */
import { type AutoNATComponents, autoNAT } from '@libp2p/autonat'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { dcutr } from '@libp2p/dcutr'
import { identifyPush } from '@libp2p/identify'
import type { Address } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import { mdns } from '@libp2p/mdns'
import { uPnPNAT } from '@libp2p/upnp-nat'
import { isMultiaddr } from '@multiformats/multiaddr'
import { comparePaths } from './addresses.ts'
import { ADDRESS_TIMEOUT_MS, MDNS_INTERVAL_MS, MDNS_SERVICE, RESERVATION_TIMEOUT_MS } from './constants.ts'
import type { NatInit, RelayLimits } from './types.ts'

export function natTransports({ relay, relayLimits }: NatInit) {
  return relay === 'off' ? [] : [relayTransport(relayLimits)]
}

function relayTransport({ circuitsPerPeer }: RelayLimits) {
  return circuitRelayTransport({
    reservationCompletionTimeout: RESERVATION_TIMEOUT_MS,
    maxInboundStopStreams: circuitsPerPeer + 1,
    maxOutboundStopStreams: circuitsPerPeer + 1,
  })
}

export function natServices({ relay, portMapping }: NatInit) {
  return {
    // Tells peers that are connected already that this one became a relay.
    identifyPush: identifyPush(),
    autoNAT: reachabilityChecks,
    ...(relay === 'off' ? {} : { dcutr: dcutr() }),
    ...(portMapping ? { upnpNAT: uPnPNAT() } : {}),
  }
}

export function natDiscovery({ localDiscovery }: NatInit) {
  return localDiscovery ? [mdns({ serviceTag: MDNS_SERVICE, interval: MDNS_INTERVAL_MS })] : []
}

/**
 * AutoNAT asks a peer to dial an address of ours. The package's answer to that is to take the connection that is open
 * already, to find that its address differs, and to close it: a check between connected peers would fail always and cost
 * the connection. Here each check dials anew.
 */
function reachabilityChecks(all: AutoNATComponents): unknown {
  const { registrar, addressManager, transportManager, peerId, logger, randomWalk, events, peerStore } = all
  const connectionManager = dialsAnew(all.connectionManager)
  return autoNAT()({
    registrar,
    addressManager,
    transportManager,
    peerId,
    logger,
    randomWalk,
    events,
    peerStore,
    connectionManager,
  })
}

function dialsAnew(connections: ConnectionManager): ConnectionManager {
  return new Proxy(connections, {
    get(target, name) {
      if (name === 'openConnection') {
        const openAnew: ConnectionManager['openConnection'] = (to, options) =>
          target.openConnection(to, isMultiaddr(to) ? { ...options, force: true } : options)
        return openAnew
      }
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** Options of libp2p's connection manager: direct paths first, and no address may use up the time of those behind it. */
export function dialOrder() {
  return {
    addressSorter: (left: Address, right: Address) => comparePaths(left.multiaddr, right.multiaddr),
    addressDialTimeout: ADDRESS_TIMEOUT_MS,
  }
}
