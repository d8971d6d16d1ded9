/** Strangers in the DHT and on the topics of gossip: peers of the real stack with keys but without seats. */

import { topicOf } from '../../../protocols/gossip/frame.ts'
import type { FaultStart, Struck } from '../../faults/types.ts'
import type { SimPeer } from '../peer.ts'
import { Stranger } from '../stranger.ts'
import { type SeenRecord, STRANGERS_MAX, type World } from '../world.ts'

type Start = FaultStart<World, SimPeer>

/** Between two puts of one stranger, ms. */
const PUT_MS = 500
const POISON_BYTES = 300

/** One stranger that puts something under a key of the DHT, again and again. */
function putting(struck: Struck<World, SimPeer>, next: () => SeenRecord | null): () => void {
  const { world, peers, random } = struck
  const stranger = Stranger.start(world, random)
  let isOver = false
  const put = (): void => {
    if (isOver) return
    const record = next()
    const victim = random.pick(peers)
    if (record !== null) stranger.put(victim, record)
    world.time.after(PUT_MS, put)
  }
  if (peers.length > 0) put()
  return () => {
    isOver = true
    stranger.stop()
  }
}

/** Under genuine keys, bytes that nobody signed. */
const poisoned: Start = struck =>
  putting(struck, () => {
    const { records } = struck.world
    if (records.length === 0) return null
    const value = new Uint8Array(POISON_BYTES).map(() => struck.random.below(256))
    return { key: struck.random.pick(records).key, value }
  })

/** Genuine records that may have been replaced since. */
const stale: Start = struck =>
  putting(struck, () => (struck.world.records.length === 0 ? null : struck.random.pick(struck.world.records)))

/** The oldest ones. */
const replayed: Start = struck =>
  putting(struck, () => {
    const { records, peers } = struck.world
    return records.length === 0 ? null : struck.random.pick(records.slice(0, peers.length))
  })

/** Many of them join, and dial those who are struck. */
function crowd({ world, peers, random }: Struck<World, SimPeer>, count: number): () => void {
  const strangers = Array.from({ length: Math.min(count, STRANGERS_MAX) }, () => Stranger.start(world, random))
  for (const peer of peers) {
    let connected = 0
    const onConnected = (): void => {
      if (++connected === world.peers.length) world.recorder.reached('crowded-by-strangers', peer.index)
    }
    for (const stranger of strangers) stranger.dial(peer, onConnected)
  }
  return () => {
    for (const stranger of strangers) stranger.stop()
  }
}

const sybil: Start = struck => crowd(struck, Math.round(struck.number('identities')))
const eclipse: Start = struck => crowd(struck, STRANGERS_MAX)

/** Published on the run's topics by somebody who has nothing to say. */
const flood: Start = struck => {
  const { world, peers, random, number } = struck
  const stranger = Stranger.start(world, random)
  const { run, scenario } = world
  for (const peer of peers) stranger.dial(peer)
  const intervalMs = 1_000 / number('perSecond')
  let isOver = false
  const next = (): void => {
    if (isOver) return
    const bytes = new Uint8Array(POISON_BYTES).map(() => random.below(256))
    stranger.publish(topicOf(run.id, random.below(scenario.swarm.stages)), bytes)
    world.time.after(intervalMs, next)
  }
  next()
  return () => {
    isOver = true
    stranger.stop()
  }
}

export const DISCOVERY_FAULTS: Readonly<Record<string, Start>> = {
  'dht-poisoned': poisoned,
  'dht-stale': stale,
  'dht-replayed': replayed,
  'gossip-flood': flood,
  sybil,
  eclipse,
}
