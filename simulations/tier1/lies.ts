/** Puts a behaviour in the place of the parts that a liar's rounds are given (see `Behaviour`, attackers/types.ts). */
import type { PeerParts } from '../../node/peer/types.ts'
import type { AggregateName } from '../../protocols/reduce/index.ts'
import { hashHex, smallHash } from '../../protocols/wire/hash.ts'
import type { Payload, PeerName, Signed } from '../../protocols/wire/messages.ts'
import { instead } from '../attackers/instead.ts'
import type { Behaviour } from '../attackers/types.ts'
import { digest } from './peer.ts'

/** @param behaviour - of now; null before the attack begins */
export function lyingParts(parts: PeerParts, behaviour: () => Behaviour | null): PeerParts {
  watchInbox(parts, behaviour)
  return {
    ...parts,
    agreement: lyingAgreement(parts, behaviour),
    journal: lyingJournal(parts, behaviour),
    engine: lyingEngine(parts, behaviour),
    reduce: lyingReduce(parts, behaviour),
    activations: lyingActivations(parts, behaviour),
  }
}

/** The inbox stands where the network delivers, so it is listened to in place. */
function watchInbox({ inbox }: PeerParts, behaviour: () => Behaviour | null): void {
  const message = inbox.message.bind(inbox)
  const deliver = inbox.deliver.bind(inbox)
  inbox.message = (from, signed, attachments) => {
    behaviour()?.hears?.(signed, attachments)
    message(from, signed, attachments)
  }
  inbox.deliver = delivery => behaviour()?.answers?.(delivery) ?? deliver(delivery)
}

/** What the journal signed is told, unless the behaviour tells something else in its place. */
function lyingAgreement({ agreement, self }: PeerParts, behaviour: () => Behaviour | null): PeerParts['agreement'] {
  /** By envelope: what was decided about it when it was said first. */
  const dealt = new Map<string, boolean>()
  const isDealt = (signed: Signed, attachments: readonly Uint8Array[]): boolean => {
    const slot = hashHex(smallHash(signed.envelope))
    const known = dealt.get(slot)
    if (known !== undefined) return known || behaviour()?.resends?.(signed) === false
    const isLie = behaviour()?.sign?.(signed.payload, attachments) ?? false
    dealt.set(slot, isLie)
    if (dealt.size > DEALT_KEPT) dealt.delete(dealt.keys().next().value ?? '')
    return isLie
  }
  return instead(agreement, {
    broadcast(parcel, to) {
      if (parcel.signed.signer === self && isDealt(parcel.signed, parcel.attachments)) return
      agreement.broadcast(parcel, to)
    },
  })
}

const DEALT_KEPT = 4_096

function lyingJournal({ journal }: PeerParts, behaviour: () => Behaviour | null): PeerParts['journal'] {
  const changed = <P extends Payload>(payload: P): P => {
    const lies = behaviour()
    if (payload.kind === 'aggregate') return { ...payload, hash: lies?.aggregate?.(payload.hash) ?? payload.hash }
    if (payload.kind === 'settled') return { ...payload, count: lies?.settled?.(payload.count) ?? payload.count }
    return payload
  }
  return instead(journal, {
    // It signs past its journal, and knows.
    lacks: () => false,
    sign: payload => journal.sign(changed(payload)),
    signAll: (payloads, records) => journal.signAll(payloads.map(changed), records),
  })
}

function lyingEngine({ engine, inbox }: PeerParts, behaviour: () => Behaviour | null): PeerParts['engine'] {
  return instead(engine, {
    async commit(count, withOffLane, options) {
      const honest = await engine.commit(count, withOffLane, options)
      const momentum = new Float32Array(honest.bytes.slice().buffer)
      const lie = behaviour()?.gradient?.(momentum, inbox.round) ?? null
      if (lie === null) return honest
      const bytes = new Uint8Array(lie.buffer, lie.byteOffset, lie.byteLength)
      const parts = honest.leaves.map((_, at) => bytes.subarray(honest.offsets[at], honest.offsets[at + 1]))
      return { ...honest, bytes, leaves: await Promise.all(parts.map(part => digest(part))) }
    },
    async head(input, targets, into, options) {
      return engine.head(input, behaviour()?.targets?.(targets, inbox.round) ?? targets, into, options)
    },
  })
}

/** Serves lies; what the liar needs itself it keeps beside. */
function lyingReduce({ reduce }: PeerParts, behaviour: () => Behaviour | null): PeerParts['reduce'] {
  const genuine = new Map<string, Uint8Array>()
  const key = ({ scope, partition, hash }: AggregateName): string => `${scope.round}/${partition}/${hashHex(hash)}`
  const served = (bytes: Uint8Array): Uint8Array | null => {
    const lies = behaviour()
    return lies?.serves === undefined ? bytes : lies.serves(bytes)
  }
  return instead(reduce, {
    hold(name, bytes) {
      const lie = served(bytes)
      return lie === null ? null : reduce.hold(name, lie)
    },
    holdAggregate(name, bytes) {
      genuine.set(key(name), bytes.slice())
      if (genuine.size > AGGREGATES_KEPT) genuine.delete(genuine.keys().next().value ?? '')
      const lie = served(bytes)
      return lie === null ? null : reduce.holdAggregate(name, lie)
    },
    aggregate: name => genuine.get(key(name)) ?? reduce.aggregate(name),
    scatter: async (to, name, bytes, options) =>
      behaviour()?.scatters?.(to, name.partition) === false ? 'stored' : reduce.scatter(to, name, bytes, options),
    pushAggregate: async (to, name, bytes, options) => {
      const lie = served(bytes)
      return lie === null ? 'stored' : reduce.pushAggregate(to, name, lie, options)
    },
  })
}

const AGGREGATES_KEPT = 256

function lyingActivations({ activations }: PeerParts, behaviour: () => Behaviour | null): PeerParts['activations'] {
  /** Outgoing tensors that are never sent. */
  const withheld = new WeakSet<object>()
  return instead(activations, {
    async sign(draft, options) {
      const lies = behaviour()
      const tensor = lies?.tensor === undefined ? draft.tensor : lies.tensor(draft.direction, draft.tensor)
      const outgoing = await activations.sign({ ...draft, tensor: tensor ?? draft.tensor }, options)
      if (tensor === null) withheld.add(outgoing)
      return outgoing
    },
    send: async (to: PeerName, outgoing, options) =>
      withheld.has(outgoing) ? { kind: 'accepted' } : activations.send(to, outgoing, options),
  })
}
