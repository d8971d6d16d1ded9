/**
 * The DHT answers whoever asks, one request of a stream after the other, and most of what that takes comes after the bytes were read: a
 * peer that sends thousands would have them all answered. Those of strangers wait for their turn.
 */
import type { PeerName } from '../../protocols/wire/messages.ts'
import { DHT_REQUEST_MS } from './constants.ts'
import type { Pace } from './pace.ts'

/** What is used of kad-dht's answering part; its declarations do not name it. */
interface Answering {
  handleMessage(peer: { toString(): PeerName }, message: unknown): Promise<unknown>
}

/** @param dht - libp2p's service; one without such a part stays as it is */
export function paceRequests(dht: object, pace: Pick<Pace, 'spend'>): void {
  const part: unknown = 'rpc' in dht ? dht.rpc : null
  if (!isAnswering(part)) return
  const handle = part.handleMessage.bind(part)
  part.handleMessage = async (peer, message) => {
    await pace.spend(peer.toString(), DHT_REQUEST_MS)
    return handle(peer, message)
  }
}

function isAnswering(part: unknown): part is Answering {
  return typeof part === 'object' && part !== null && 'handleMessage' in part
}
