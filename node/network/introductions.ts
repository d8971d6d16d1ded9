/**
 * What peers say when they introduce themselves. Of one whose signed record does not hold, or whose view of our address is none, the rest
 * counts, as it does with other implementations: libp2p would not know its protocols either, so the DHT would leave it out. Rust signs
 * its record in a form of its own, and a newer libp2p may name addresses that this one cannot read.
 */
import { identify } from '@libp2p/identify'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromCID } from '@libp2p/peer-id'
import { PeerRecord, RecordEnvelope } from '@libp2p/peer-record'
import { multiaddr } from '@multiformats/multiaddr'

/** What is looked at of an introduction. */
export interface Introduction {
  signedPeerRecord?: Uint8Array | undefined
  observedAddr?: Uint8Array | undefined
}

/** What is used of libp2p's part; its declarations do not name it. */
interface Asking {
  _identify(connection: { readonly remotePeer: PeerId }, options?: object): Promise<Introduction>
}

/** libp2p's service, which reads on where it gave up. */
export function introductions(): ReturnType<typeof identify> {
  const plain = identify()
  return components => {
    const service = plain(components)
    if (!isAsking(service)) return service
    const ask = service._identify.bind(service)
    service._identify = async (connection, options) => readable(await ask(connection, options), connection.remotePeer)
    return service
  }
}

/** Without what would have the whole of it refused. */
export async function readable(said: Introduction, peer: PeerId): Promise<Introduction> {
  const { signedPeerRecord, observedAddr, ...rest } = said
  return {
    ...rest,
    ...(signedPeerRecord !== undefined && (await isRecordOf(peer, signedPeerRecord)) ? { signedPeerRecord } : {}),
    ...(observedAddr !== undefined && isAddress(observedAddr) ? { observedAddr } : {}),
  }
}

async function isRecordOf(peer: PeerId, bytes: Uint8Array): Promise<boolean> {
  try {
    const envelope = await RecordEnvelope.openAndCertify(bytes, PeerRecord.DOMAIN)
    const record = PeerRecord.createFromProtobuf(envelope.payload)
    return record.peerId.equals(peer) && peerIdFromCID(envelope.publicKey.toCID()).equals(peer)
  } catch {
    return false
  }
}

function isAddress(bytes: Uint8Array): boolean {
  try {
    multiaddr(bytes)
    return true
  } catch {
    return false
  }
}

function isAsking(service: object): service is Asking {
  return '_identify' in service
}
