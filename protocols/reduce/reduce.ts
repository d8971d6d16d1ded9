/**
 * Moves partitions between the replicas of a stage: SCATTER to candidates, PULL from holders, GATHER of aggregates.
 * Requests only; `Holdings` decides what is taken.
 */
import type { Clock, Digest } from '../wire/environment.ts'
import type { HandlerContext, Message, Reply } from '../wire/frames/types.ts'
import { equalBytes } from '../wire/hash.ts'
import type { Hash, PeerName, Scope } from '../wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../wire/refusals.ts'
import type { Loan } from '../wire/spare-arrays.ts'
import { MemoryBlobs } from './blobs.ts'
import {
  MAX_WAITING_TRANSFERS,
  PARALLEL_TRANSFERS,
  PARALLEL_TRANSFERS_PER_PEER,
  STORE_MAX_BYTES,
  TRANSFER_TIMEOUT_MS,
} from './constants.ts'
import {
  type AggregateName,
  aggregateNameOf,
  type PartitionName,
  parseHeader,
  parseStatus,
  partitionNameOf,
  type ReduceHeader,
  type ReduceStatus,
} from './headers.ts'
import { aggregateKey, Holdings, partitionKey } from './holdings.ts'
import { askInTurn } from './in-turn.ts'
import { PullPatience } from './patience.ts'
import { Transfers, type Urgency } from './transfers.ts'
import type { OpenStreams, ReduceInit, ReduceStreams } from './types.ts'

export interface TransferOptions {
  readonly signal?: AbortSignal
}

interface RequestOptions extends TransferOptions {
  readonly digest?: Hash
  /** It is its turn. */
  readonly onSent?: () => void
}

const NO_BODY = new Uint8Array(0)

/** One pull: what to ask for, and which bytes will do. */
interface Pull {
  readonly header: ReduceHeader
  readonly key: string
  readonly hash: Hash
  check(bytes: Uint8Array): Promise<boolean>
}

export class Reduce {
  readonly #init: ReduceInit
  readonly #clock: Clock
  readonly #digest: Digest
  readonly #timeoutMs: number
  readonly #patience: PullPatience
  readonly #streams: ReduceStreams
  readonly #transfers: Transfers
  readonly #holdings: Holdings
  /** Pulls under way, so that two who need the same bytes share them. */
  readonly #pulls = new Map<string, Promise<Uint8Array | Refusal>>()
  /** Partitions under way to a candidate: on a slow link, what waits would be sent again and again. */
  readonly #scatters = new Map<string, Promise<'stored' | 'held' | Refusal>>()

  constructor(
    init: ReduceInit,
    components: { readonly clock: Clock; readonly digest: Digest; readonly openStreams: OpenStreams<ReduceStreams> },
  ) {
    const { policy, handlers = {} } = init
    const maxBytes = init.storeMaxBytes ?? STORE_MAX_BYTES
    const store = init.store ?? new MemoryBlobs({ maxBytes, maxOwnerBytes: maxBytes })
    const limits = { perPeer: PARALLEL_TRANSFERS_PER_PEER, total: PARALLEL_TRANSFERS, waiting: MAX_WAITING_TRANSFERS }
    this.#init = init
    this.#clock = components.clock
    this.#digest = components.digest
    this.#timeoutMs = init.transferTimeoutMs ?? TRANSFER_TIMEOUT_MS
    this.#patience = new PullPatience(this.#timeoutMs)
    this.#holdings = new Holdings({ policy, handlers, digest: components.digest, store })
    this.#transfers = new Transfers(init.transfers ?? limits)
    this.#streams = components.openStreams(
      {
        onRequest: (header, body, context) => this.#handle(header, body, context),
        admitBody: from => policy.admitPeer(from),
        // Whatever is taken the store copies.
        areBodiesSpent: true,
      },
      (reason, from, detail) => handlers.refused?.(reason, from, detail),
    )
  }

  start(): Promise<void> {
    return this.#streams.start()
  }

  stop(): Promise<void> {
    return this.#streams.stop()
  }

  /** Bytes of partitions and aggregates that are held. */
  get heldBytes(): number {
    return this.#holdings.bytes
  }

  /** The stage works on `round` now: what is no longer served is dropped, rounds from two before to one ahead are taken. */
  advance(round: number): void {
    this.#holdings.advance(round)
  }

  /** Holds a copy of an own partition, to be served to whoever pulls. */
  hold(name: PartitionName, bytes: Uint8Array): Refusal | null {
    return this.#holdings.hold(name, bytes)
  }

  /** Holds a copy of an aggregated partition that was computed here. */
  holdAggregate(name: AggregateName, bytes: Uint8Array): Refusal | null {
    return this.#holdings.holdAggregate(name, bytes)
  }

  /** A partition that is held and checked: to be read while its round is served, not kept. */
  partition(name: PartitionName): Uint8Array | null {
    return this.#holdings.partition(name)
  }

  /** An aggregate that is held; its bytes match its hash. To be read while its round is served, not kept. */
  aggregate(name: AggregateName): Uint8Array | null {
    return this.#holdings.aggregate(name)
  }

  /** The policy knows a COMMIT now: partitions that came before it are checked, then stored or dropped. */
  async commitSeen(scope: Scope, author: PeerName, options: TransferOptions = {}): Promise<void> {
    for (const refusal of await this.#holdings.commitSeen(scope, author, options)) this.#refused(author, refusal)
  }

  /**
   * Sends a partition of the own commitment to a candidate. 'stored': acknowledged; 'held': it waits for the COMMIT, its HAVE
   * will tell. A refusal also where the peer cannot be reached or does not answer in time. What is under way to the same peer
   * is not sent a second time: who asks again shares its answer, and the first one's signal.
   */
  async scatter(
    to: PeerName,
    name: PartitionName,
    bytes: Uint8Array,
    options: TransferOptions = {},
  ): Promise<'stored' | 'held' | Refusal> {
    const key = JSON.stringify([to, partitionKey(name)])
    const underWay = this.#scatters.get(key)
    if (underWay !== undefined) return underWay
    const running = this.#scatter(to, name, bytes, options)
    this.#scatters.set(key, running)
    try {
      return await running
    } finally {
      this.#scatters.delete(key)
    }
  }

  async #scatter(
    to: PeerName,
    name: PartitionName,
    bytes: Uint8Array,
    options: TransferOptions,
  ): Promise<'stored' | 'held' | Refusal> {
    const send = () => this.#request(to, 'ahead', { type: 'scatter', ...name }, bytes, options)
    const reply = await lending(this.#holdings.lendPartition(name), send)
    return isRefusal(reply) ? reply : this.#status(to, reply, 'stored', 'held')
  }

  /**
   * A partition of a sealed commitment, from here or from the first holder that gives bytes which match `leaf` and pass
   * the check. The last refusal where none does.
   */
  async pull(
    from: readonly PeerName[],
    name: PartitionName,
    leaf: Hash,
    options: TransferOptions = {},
  ): Promise<Uint8Array | Refusal> {
    const pull = {
      header: { type: 'pull', ...name } as const,
      key: JSON.stringify(partitionKey(name)),
      hash: leaf,
      check: (bytes: Uint8Array) => this.#init.policy.checkPartition(name.partition, bytes, options),
    }
    return this.partition(name) ?? this.#pullOnce(from, pull, options)
  }

  /** Offers an aggregate that was computed here. */
  async pushAggregate(
    to: PeerName,
    name: AggregateName,
    bytes: Uint8Array,
    options: TransferOptions = {},
  ): Promise<'stored' | Refusal> {
    const send = () => this.#request(to, 'ahead', { type: 'gather', ...name }, bytes, { ...options, digest: name.hash })
    const reply = await lending(this.#holdings.lendAggregate(name), send)
    return isRefusal(reply) ? reply : this.#status(to, reply, 'stored')
  }

  /** The aggregated partition with this hash, from here or from the first peer that gives bytes which match; then held here. */
  async pullAggregate(
    from: readonly PeerName[],
    name: AggregateName,
    options: TransferOptions = {},
  ): Promise<Uint8Array | Refusal> {
    const held = this.aggregate(name)
    if (held !== null) return held
    const header = { type: 'pull-aggregate', ...name } as const
    const pull = {
      header,
      key: JSON.stringify(aggregateKey(name)),
      hash: name.hash,
      check: () => Promise.resolve(true),
    }
    const bytes = await this.#pullOnce(from, pull, options)
    return isRefusal(bytes) ? bytes : (this.holdAggregate(name, bytes) ?? bytes)
  }

  async #handle(value: unknown, body: Uint8Array, { from, digest, signal }: HandlerContext): Promise<Reply | Refusal> {
    const header = parseHeader(value)
    if (isRefusal(header)) return header
    const barred = this.#init.policy.admit(header.scope, from) ?? this.#holdings.outsideWindow(header.scope.round)
    if (barred !== null) return barred
    if (header.type === 'pull') return answer(this.#holdings.lendPartition(partitionNameOf(header)), null)
    if (header.type === 'pull-aggregate')
      return answer(this.#holdings.lendAggregate(aggregateNameOf(header)), header.hash)
    const isForeign = header.type === 'scatter' && header.author !== from
    if (isForeign) return refuse('not-allowed', 'only its author scatters a commitment')
    const status =
      header.type === 'scatter'
        ? await this.#holdings.takePartition(partitionNameOf(header), body, digest, { signal })
        : await this.#holdings.takeAggregate(aggregateNameOf(header), body, digest, from, { signal })
    return isRefusal(status) ? status : { header: { status } }
  }

  /** Waits for the same pull where one is under way; its caller may have given up or known other holders. */
  async #pullOnce(from: readonly PeerName[], pull: Pull, options: TransferOptions): Promise<Uint8Array | Refusal> {
    const underWay = this.#pulls.get(pull.key)
    const shared = underWay === undefined ? null : await underWay
    if (shared !== null && !isRefusal(shared)) return shared
    const running = this.#pullFromAny(from, pull, options)
    this.#pulls.set(pull.key, running)
    try {
      return await running
    } finally {
      if (this.#pulls.get(pull.key) === running) this.#pulls.delete(pull.key)
    }
  }

  /** Holders one after the other, each with the whole time of a transfer; beside one that is silent for a while the next is asked. */
  #pullFromAny(from: readonly PeerName[], pull: Pull, { signal }: TransferOptions): Promise<Uint8Array | Refusal> {
    const clock = this.#clock
    return askInTurn({
      peers: from,
      clock,
      patienceMs: () => this.#patience.ms,
      ...(signal === undefined ? {} : { signal }),
      ask: async (peer, either, sent) => {
        let sentAtMs = clock.nowMs()
        const bytes = await this.#pullFrom(peer, pull, {
          signal: either,
          onSent() {
            sentAtMs = clock.nowMs()
            sent()
          },
        })
        if (!isRefusal(bytes)) this.#patience.note(clock.nowMs() - sentAtMs)
        return bytes
      },
    })
  }

  async #pullFrom(
    peer: PeerName,
    { header, hash, check }: Pull,
    options: RequestOptions,
  ): Promise<Uint8Array | Refusal> {
    const reply = await this.#request(peer, 'awaited', header, NO_BODY, options)
    if (isRefusal(reply)) return reply
    const status = this.#status(peer, reply, 'found')
    if (isRefusal(status)) return status
    const digest = reply.digest ?? (await this.#digest(reply.body, options))
    if (!equalBytes(digest, hash)) return this.#refused(peer, refuse('wrong-hash', 'not the bytes that were asked for'))
    return (await check(reply.body))
      ? reply.body
      : this.#refused(peer, refuse('not-finite', 'the partition is out of bounds'))
  }

  #request(
    to: PeerName,
    urgency: Urgency,
    header: ReduceHeader,
    body: Uint8Array,
    { onSent, ...options }: RequestOptions,
  ): Promise<Message | Refusal> {
    const timeoutMs = this.#timeoutMs
    return this.#transfers.run(to, urgency, options.signal, () => {
      onSent?.()
      return this.#streams.request(to, header, body, { ...options, timeoutMs })
    })
  }

  /** The status of an answer; one that does not fit the request is the peer's fault. */
  #status<S extends ReduceStatus>(peer: PeerName, reply: Message, ...allowed: readonly S[]): S | Refusal {
    const status = parseStatus(reply.header, ...allowed)
    return isRefusal(status) ? this.#refused(peer, status) : status
  }

  /** Counts what was refused of an answer and hands it on. What a handler refuses the streams report. */
  #refused(peer: PeerName, refusal: Refusal): Refusal {
    this.#init.handlers?.refused?.(refusal.refused, peer, refusal.detail)
    return refusal
  }
}

/** Nobody tells when an answer has left: its loan never ends. */
function answer(loan: Loan | null, digest: Hash | null): Reply | Refusal {
  if (loan === null) return refuse('unknown-item')
  return { header: { status: 'found' }, body: loan.bytes, ...(digest === null ? {} : { digest }) }
}

/** An answer comes after the whole body has gone out; without one, some of it may still be on its way. */
async function lending(loan: Loan | null, send: () => Promise<Message | Refusal>): Promise<Message | Refusal> {
  const reply = await send()
  loan?.end(!isRefusal(reply))
  return reply
}
