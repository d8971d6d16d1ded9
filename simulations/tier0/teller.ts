/** What a peer tells of itself: the events of its machines, as the trace has them. */
import { DEFAULT_WORK_LIMITS } from '../../consensus/routing/index.ts'
import { RECORDS_MAX } from '../../protocols/discovery/constants.ts'
import { encode } from '../../protocols/wire/cbor.ts'
import { outcomeHash } from '../../protocols/wire/certificate.ts'
import { hashHex, smallHash } from '../../protocols/wire/hash.ts'
import type { Evidence, MicroBatchId, PeerName, Signed } from '../../protocols/wire/messages.ts'
import { slotOf } from '../../protocols/wire/table.ts'
import type { SimPeer } from './peer.ts'
import type { SimAnchor } from './transactions.ts'

/** Values whose aggregates a peer signs in a round, and views that one may take, before its journal is called unbounded. */
const AGGREGATED_VALUES = 8
const VIEWS_BOUND = 64

export class Teller {
  readonly #peer: SimPeer

  constructor(peer: SimPeer) {
    this.#peer = peer
  }

  process(type: 'up' | 'down' | 'suspended' | 'resumed', by?: string): void {
    const event = { type, atMs: this.#peer.world.time.nowMs, peer: this.#peer.index }
    this.#peer.world.recorder.emit(by === undefined ? event : { ...event, by })
  }

  synced(round: number, by: string): void {
    this.#peer.world.recorder.emit({
      type: 'synced',
      atMs: this.#peer.world.time.nowMs,
      peer: this.#peer.index,
      round,
      by,
    })
    this.#peer.world.recorder.reached(`catch-up/${by}`, this.#peer.index)
  }

  trouble(type: 'diverged' | 'halt', round: number, reason: string): void {
    const { index: peer, stage } = this.#peer
    this.#peer.world.recorder.emit({ type, atMs: this.#peer.world.time.nowMs, peer, stage, round, reason })
  }

  view(round: number, view: number): void {
    const { index: peer, stage } = this.#peer
    this.#peer.world.recorder.emit({ type: 'view', atMs: this.#peer.world.time.nowMs, peer, stage, round, view })
  }

  decided(round: number, view: number, value: string, skip: boolean): void {
    const { index: peer, stage } = this.#peer
    const atMs = this.#peer.world.time.nowMs
    const epoch = this.#peer.world.members.change ? { epoch: this.#peer.epoch?.number ?? 0 } : {}
    this.#peer.world.recorder.emit({ type: 'decided', atMs, peer, stage, round, view, value, skip, ...epoch })
  }

  /** @param seenAt - height that is final here */
  anchored({ toRound, fromRound }: SimAnchor, link: string, height: number, seenAt: number): void {
    const { index: peer, stage } = this.#peer
    const atMs = this.#peer.world.time.nowMs
    this.#peer.world.recorder.emit({
      type: 'anchored',
      atMs,
      peer,
      stage,
      round: toRound,
      from: fromRound,
      link,
      height,
      final: true,
      seenAt,
    })
  }

  signed({ payload }: Signed, slot: string | null, content: string): void {
    const named = slot ?? slotOf(payload)
    if (payload.kind === 'record' || named === null) return
    const { index: peer, stage } = this.#peer
    const essence =
      payload.kind === 'outcome' ? hashHex(outcomeHash(payload)) : content || hashHex(smallHash(encode(payload)))
    const view = 'view' in payload ? { view: payload.view } : {}
    this.#peer.world.recorder.emit({
      type: 'signed',
      atMs: this.#peer.world.time.nowMs,
      peer,
      stage,
      round: payload.scope.round,
      kind: payload.kind,
      slot: named.slice(named.indexOf('/') + 1),
      essence,
      ...(this.#peer.world.members.change ? { epoch: payload.scope.epoch } : {}),
      ...view,
      ...(payload.kind === 'prevote' || payload.kind === 'precommit'
        ? { value: payload.value === null ? null : hashHex(payload.value) }
        : {}),
    })
    if (payload.kind === 'propose' && payload.validView >= 0)
      this.#peer.world.recorder.reached('valid-value-reproposed', this.#peer.index)
  }

  microBatch(round: number, event: string, id: MicroBatchId, to: PeerName | null): void {
    const { index: peer, stage, world } = this.#peer
    if (event === 'rerouted') world.recorder.reached('forward-rerouted', peer)
    if (event === 'hedged') world.recorder.reached('forward-hedged', peer)
    if (event === 'started') return
    const hop = to === null ? undefined : world.peerOf(to)?.index
    world.recorder.emit({
      type: 'micro-batch',
      atMs: world.time.nowMs,
      peer,
      stage,
      round,
      event,
      id: `${world.peerOf(id.source)?.index}/${id.sequence}`,
      ...(hop === undefined ? {} : { to: hop }),
    })
  }

  /** What this peer holds, against what the limits of its parts allow. */
  gauges(): void {
    if (!this.#peer.isUp) return
    const seats = this.#peer.siblings.length + 1
    const { partitions } = this.#peer.world.bench
    const gauges = [
      { name: 'records', value: this.#peer.records.book.size, bound: RECORDS_MAX },
      { name: 'tensors', value: this.#peer.tensors.size, bound: 4 * DEFAULT_WORK_LIMITS.held },
      { name: 'partitions', value: this.#peer.holdings.size, bound: 5 * partitions * (seats + 2 * seats) },
      {
        name: 'journal',
        value: this.#peer.journal.size,
        bound: 3 * (partitions * AGGREGATED_VALUES + 3 * VIEWS_BOUND + 3),
      },
    ]
    const at = { type: 'gauge', atMs: this.#peer.world.time.nowMs, peer: this.#peer.index } as const
    for (const { name, value, bound } of gauges)
      if (value > 0) this.#peer.world.recorder.emit({ ...at, name, value, bound })
  }

  evidence({ kind, accused }: Evidence): void {
    const at = this.#peer.world.peerOf(accused)?.index ?? -1
    this.#peer.world.recorder.emit({
      type: 'evidence',
      atMs: this.#peer.world.time.nowMs,
      peer: this.#peer.index,
      kind,
      accused: at,
    })
    if (this.#peer.isHonest) this.#peer.world.recorder.reached(`evidence/${kind}`, this.#peer.index)
  }

  refused(reason: string, from: PeerName, detail?: string): void {
    const at = this.#peer.world.peerOf(from)?.index ?? null
    const event = {
      type: 'refused',
      atMs: this.#peer.world.time.nowMs,
      peer: this.#peer.index,
      reason,
      from: at,
    } as const
    this.#peer.world.recorder.emit(detail === undefined ? event : { ...event, detail })
  }
}
