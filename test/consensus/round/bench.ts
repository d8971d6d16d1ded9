/** One machine on the bench: the test plays all its siblings. Own signatures are fed back at once. */
import {
  createRound,
  type RoundContext,
  type RoundEffect,
  type RoundInput,
  step,
} from '../../../consensus/round/index.ts'
import type { RestoredRound, RoundState } from '../../../consensus/round/types.ts'
import { hashValue } from '../../../protocols/wire/hash.ts'
import type {
  Commit,
  Have,
  Payload,
  PeerName,
  Precommit,
  Prevote,
  Proposal,
  Signed,
  Value,
} from '../../../protocols/wire/messages.ts'
import { isPayloadKind, type PayloadOf } from '../../../protocols/wire/table.ts'
import { makeCommit, makeContext, PARENT_HEIGHT, PARTITIONS, peerNames, Signer } from './fixtures.ts'

type EffectOf<T extends RoundEffect['type']> = Extract<RoundEffect, { type: T }>

export class Bench {
  readonly peers: readonly PeerName[]
  readonly self: PeerName
  readonly context: RoundContext
  readonly signer: Signer
  /** All effects since the start or the last `clear`. */
  log: RoundEffect[] = []
  state: RoundState
  nowMs = 0
  readonly #commits = new Map<PeerName, Signed<Commit>>()

  /** `self` is the n-th of the order of leaders, so that a test says who leads when. */
  constructor(
    options: {
      n?: number
      rank?: number
      change?: Partial<RoundContext>
      restored?: RestoredRound
      signer?: Signer
    } = {},
  ) {
    this.peers = peerNames(options.n ?? 4)
    this.signer = options.signer ?? new Signer()
    const leaders = createRound(makeContext(null, this.peers, 1)).state.proposers
    this.self = leaders[options.rank ?? 3]!
    this.context = { ...makeContext(this.self, this.peers, 1), ...options.change }
    const { state, effects } = createRound(this.context, options.restored)
    this.state = state
    this.#note(effects)
  }

  leader(view: number): PeerName {
    return this.state.proposers[view % this.peers.length]!
  }

  /** Everybody but self, in the order of leaders. */
  get others(): PeerName[] {
    return this.state.proposers.filter(peer => peer !== this.self)
  }

  input(input: RoundInput): void {
    const { state, effects } = step(this.state, input, this.nowMs)
    this.state = state
    this.#note(effects)
  }

  deliver<P extends Payload>(signer: PeerName, payload: P, attachments: readonly Signed[] = []): Signed<P> {
    const signed = this.signer.sign(signer, payload)
    this.input({ type: 'message', signed, attachments })
    return signed
  }

  expire(id: string): void {
    this.input({ type: 'timer', id })
  }

  clear(): void {
    this.log = []
  }

  effects<T extends RoundEffect['type']>(type: T): EffectOf<T>[] {
    return this.log.filter((effect): effect is EffectOf<T> => effect.type === type)
  }

  signed<K extends Payload['kind']>(kind: K): PayloadOf<K>[] {
    return this.effects('sign').flatMap(({ payload }) => (isOf(payload, kind) ? [payload] : []))
  }

  /** The COMMIT of a peer, signed once. */
  commitOf(peer: PeerName): Signed<Commit> {
    const known = this.#commits.get(peer) ?? this.signer.sign(peer, makeCommit(this.context.scope, peer))
    this.#commits.set(peer, known)
    return known
  }

  /** A HAVE for every partition (or those of `bitmap`) of these authors' commitments. */
  have(authors: readonly PeerName[] = this.peers, bitmap = 2 ** PARTITIONS - 1): Have {
    const held = [...authors].sort().map(author => ({
      author,
      root: this.commitOf(author).payload.root,
      bitmap: new Uint8Array([bitmap]),
    }))
    return { kind: 'have', scope: this.context.scope, held }
  }

  /** What proves that all commitments are available. */
  proof(holders: readonly PeerName[] = this.peers): Signed[] {
    return [...this.peers.map(peer => this.commitOf(peer)), ...holders.map(peer => this.signer.sign(peer, this.have()))]
  }

  /** A value that seals the commitments of all but some. */
  value(without: readonly PeerName[] = [], change: Partial<Value> = {}): Value {
    const { scope, parent, parentReference } = this.context
    const commits = this.peers
      .filter(peer => !without.includes(peer))
      .map(author => ({ author, root: this.commitOf(author).payload.root }))
    return {
      scope,
      parent,
      reference: { height: PARENT_HEIGHT, hash: parentReference.hash },
      commits,
      changes: [],
      ...change,
    }
  }

  propose(view: number, value: Value, validView = -1, attachments: readonly Signed[] = this.proof()): Signed<Proposal> {
    const payload: Proposal = { kind: 'propose', scope: this.context.scope, view, validView, value }
    return this.deliver(this.leader(view), payload, attachments)
  }

  prevoteOf(peer: PeerName, view: number, value: Value | null, validView = -1): Signed<Prevote> {
    const id = value === null ? null : hashValue(value)
    return this.signer.sign(peer, { kind: 'prevote', scope: this.context.scope, view, value: id, validView })
  }

  /** Prevotes of others for a value; returned as attachments for later. */
  prevotes(count: number, view: number, value: Value | null, validView = -1): Signed<Prevote>[] {
    const votes = this.others.slice(0, count).map(peer => this.prevoteOf(peer, view, value, validView))
    for (const signed of votes) this.input({ type: 'message', signed, attachments: [] })
    return votes
  }

  precommitOf(
    peer: PeerName,
    view: number,
    value: Value | null,
    validView = value === null ? -1 : view,
  ): Signed<Precommit> {
    const id = value === null ? null : hashValue(value)
    return this.signer.sign(peer, { kind: 'precommit', scope: this.context.scope, view, value: id, validView })
  }

  precommits(count: number, view: number, value: Value | null, attachments: readonly Signed[] = []): void {
    for (const peer of this.others.slice(0, count)) {
      this.input({ type: 'message', signed: this.precommitOf(peer, view, value), attachments })
    }
  }

  /** Everybody moves on to the next view without a decision. */
  failView(view: number): void {
    this.precommits(this.peers.length - 1, view, null)
    this.expire(`precommit/${view}`)
  }

  #note(effects: readonly RoundEffect[]): void {
    this.log.push(...effects)
    for (const effect of effects) {
      if (effect.type !== 'sign') continue
      const signed = this.signer.sign(this.self, effect.payload)
      this.input({ type: 'message', signed, attachments: [] })
    }
  }
}

function isOf<K extends Payload['kind']>(payload: Payload, kind: K): payload is PayloadOf<K> {
  return isPayloadKind(payload.kind) && payload.kind === kind
}
