/** Records in the DHT: a value a peer, and provider records that name a stage's peers. */
import type { ContentId, PeerName } from '../wire/messages.ts'
import { PROVIDERS_MAX } from './constants.ts'
import { encodeKey, type RecordKey, stageCid } from './keys.ts'
import type { RecordDht } from './types.ts'

/** Stores the record at the peers nearest to its key; `onTaken` is called for each that took it. Rejects when the signal fires. */
export async function putRecord(
  dht: RecordDht,
  key: RecordKey,
  envelope: Uint8Array,
  signal: AbortSignal,
  onTaken: (peer: PeerName) => void,
): Promise<void> {
  for await (const event of dht.put(encodeKey(key), envelope, { signal })) {
    if (event.name === 'PEER_RESPONSE' && event.messageName === 'PUT_VALUE') onTaken(event.from.toString())
  }
}

/**
 * Every value that an answering peer holds under the key, as it arrives; the caller opens and compares them. kad-dht's own
 * choice comes only after it has corrected all peers that hold an older value, and fails when one of them refuses.
 */
export async function* getRecords(dht: RecordDht, key: RecordKey, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const event of dht.get(encodeKey(key), { signal })) {
    if (event.name === 'PEER_RESPONSE' && event.record !== undefined) yield event.record.value
    if (event.name === 'VALUE') yield event.value
  }
}

/** Adds this peer to the providers of the stage; kad-dht renews it by itself. `onTold` is called for each peer that was told. */
export async function provideStage(
  dht: RecordDht,
  run: ContentId,
  stage: number,
  signal: AbortSignal,
  onTold: (peer: PeerName) => void,
): Promise<void> {
  for await (const event of dht.provide(stageCid(run, stage), { signal })) {
    if (event.name === 'PEER_RESPONSE' && event.messageName === 'ADD_PROVIDER') onTold(event.from.toString())
  }
}

/** Peers that say they hold the stage; anyone can say so. At most {@link PROVIDERS_MAX}. */
export async function findProviders(
  dht: RecordDht,
  run: ContentId,
  stage: number,
  signal: AbortSignal,
): Promise<ReadonlySet<PeerName>> {
  const found = new Set<PeerName>()
  for await (const event of dht.findProviders(stageCid(run, stage), { signal })) {
    if (event.name !== 'PROVIDER') continue
    for (const provider of event.providers) found.add(provider.id.toString())
    if (found.size >= PROVIDERS_MAX) break
  }
  return found
}
