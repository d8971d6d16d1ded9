/** libp2p's services with the settings that measurements and abuse tests led to (design/libp2p.md). */
import { hash } from 'node:crypto'
import { gossipsub } from '@chainsafe/libp2p-gossipsub'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import {
  GOSSIP_MESSAGE_MAX_BYTES,
  GOSSIP_OUTBOUND_MAX_BYTES,
  GOSSIP_TOPIC_BYTES_PER_PEER,
  KAD_PROTOCOL,
  type ProfileLimits,
} from './constants.ts'
import { publicAddresses } from './public-addresses.ts'
import type { NetworkInit } from './types.ts'

/** The distributed hash table. */
export function kademlia(init: NetworkInit, limits: ProfileLimits) {
  const { namespace, validate, select } = init.records
  return kadDHT({
    protocol: KAD_PROTOCOL,
    // Every peer of a swarm can be reached, so every one serves; else libp2p waits to learn a public address.
    clientMode: false,
    peerInfoMapper: limits.privateAddresses ? passthroughMapper : publicAddresses(),
    // Both are needed on every node: without a validator a put is refused, without a selector a get fails.
    validators: { [namespace]: validate },
    selectors: { [namespace]: select },
  })
}

/**
 * Publish and subscribe. StrictNoSign on all peers: all that is said here is signed by itself (protocols/gossip), so gossip's
 * own signature would be a second one over the same bytes. Against StrictSign nothing is delivered, silently.
 */
export function pubsub(limits: ProfileLimits) {
  const [fewest, wanted, most] = limits.mesh
  return gossipsub({
    Dlo: fewest,
    D: wanted,
    Dhi: most,
    Dscore: Math.min(4, wanted - 1),
    Dout: Math.min(2, fewest - 1, Math.floor(wanted / 2)),
    globalSignaturePolicy: 'StrictNoSign',
    // The defaults of js and Go differ, so their IHAVE and IWANT never match. The same certificate from two peers is one message.
    msgIdFn: message => hash('sha256', message.data, 'buffer'),
    ignoreDuplicatePublishError: true,
    // What is published to nobody counts as seen, and cannot be published again for two minutes.
    allowPublishToZeroTopicPeers: false,
    fallbackToFloodsub: false,
    emitSelf: false,
    canRelayMessage: false,
    maxInboundDataLength: GOSSIP_MESSAGE_MAX_BYTES,
    maxOutboundBufferSize: GOSSIP_OUTBOUND_MAX_BYTES,
    maxTopicBytesPerPeer: GOSSIP_TOPIC_BYTES_PER_PEER,
    scoreParams: { IPColocationFactorWeight: limits.colocationWeight },
  })
}
