/** What the DHT makes peers believe, or tries to. */
import { peerNames } from '../manifest.ts'
import type { FaultStart, StruckWorld } from './types.ts'

/** Between two false answers of the DHT. */
const OFFER_MS = 500

/** Offers something to one of the struck peers, again and again. */
function offering(struck: StruckWorld, next: () => Uint8Array | null): () => void {
  const { world, peers, random } = struck
  let isOver = false
  const offer = (): void => {
    if (isOver) return
    const envelope = next()
    const peer = random.pick(peers)
    if (envelope !== null) peer.post(() => peer.records.offer(envelope))
    world.time.after(OFFER_MS, offer)
  }
  if (peers.length > 0) offer()
  return () => {
    isOver = true
  }
}

/** Bytes that nobody signed. */
const poisoned: FaultStart = struck => offering(struck, () => new Uint8Array(8))

/** A genuine record that may have been replaced since. */
const stale: FaultStart = struck =>
  offering(struck, () => {
    const { records } = struck.world
    return records.length === 0 ? null : struck.random.pick(records).envelope
  })

/** The oldest ones first: as many as there are peers. */
const replayed: FaultStart = struck =>
  offering(struck, () => {
    const { records, peers } = struck.world
    return records.length === 0 ? null : struck.random.pick(records.slice(0, peers.length)).envelope
  })

const sybil: FaultStart = struck => {
  const names = peerNames(Math.round(struck.number('identities')), struck.random.bits())
  let at = 0
  return offering(struck, () => {
    const name = names[at++ % names.length]
    return name === undefined ? null : struck.world.strangersRecord(name).envelope
  })
}

const eclipse: FaultStart = struck => {
  for (const peer of struck.peers) peer.records.isEclipsed = true
  const end = sybil({ ...struck, number: () => 50 })
  return () => {
    end()
    for (const peer of struck.peers) peer.records.isEclipsed = false
  }
}

export const DISCOVERY_FAULTS: Readonly<Record<string, FaultStart>> = {
  'dht-poisoned': poisoned,
  'dht-stale': stale,
  'dht-replayed': replayed,
  sybil,
  eclipse,
}
