/**
 * What a peer of tier 1 does, as the events that checkers read: from the node's own events, and from the parts that its
 * rounds are given. Hashes of what onnxruntime computed differ between machines in the last bits, so every hash goes by the
 * order in which it was first seen.
 */
import type { RoundState } from '../../consensus/round/types.ts'
import type { NodeEvent } from '../../node/events/types.ts'
import type { Certified } from '../../node/peer/follow.ts'
import type { PeerParts } from '../../node/peer/types.ts'
import { encode } from '../../protocols/wire/cbor.ts'
import { open } from '../../protocols/wire/envelope.ts'
import { hashHex, smallHash } from '../../protocols/wire/hash.ts'
import type { Hash, PeerName, Signed } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import { essenceOf, slotOf } from '../../protocols/wire/table.ts'
import { instead } from '../attackers/instead.ts'
import type { Recorder } from '../trace/recorder.ts'

const HASHES = /[0-9a-f]{64}/g

/** Names for hashes, in the order in which they came. */
export class Ordinals {
  readonly #names = new Map<string, string>()

  of(hash: Hash): string {
    return this.#name(hashHex(hash))
  }

  /** A text in which hashes stand. */
  in(text: string): string {
    return text.replace(HASHES, hash => this.#name(hash))
  }

  #name(hex: string): string {
    let name = this.#names.get(hex)
    if (name === undefined) {
      name = `h${this.#names.size}`
      this.#names.set(hex, name)
    }
    return name
  }
}

export interface TellerInit {
  readonly recorder: Recorder
  readonly nowMs: () => number
  readonly peer: number
  readonly stage: number
  readonly isHonest: boolean
  readonly hashes: Ordinals
  readonly indexOf: (name: PeerName) => number | null
  readonly onFinished: () => void
  /** A round of the own stage was certified here. */
  readonly onCertified: (round: number, microBatches: number) => void
}

/** Tells one peer's events. */
export class Teller {
  readonly #init: TellerInit
  /** What was said already: messages are sent again until they are answered. */
  readonly #said = new Set<string>()
  readonly #views = new Map<number, number>()
  /** Of this life; null before the first. */
  #parts: PeerParts | null = null
  /** No round was opened in this life yet. */
  #isAwaking = true

  constructor(init: TellerInit) {
    this.#init = init
  }

  /** An event of the node. */
  node(event: NodeEvent): void {
    const { recorder, indexOf, isHonest } = this.#init
    const at = this.#at()
    switch (event.event) {
      case 'peer.ready':
        recorder.emit({ type: 'up', ...at })
        return
      case 'round.started':
        recorder.emit({ type: 'round.opened', ...at, stage: event.stage, round: event.round })
        if (event.epoch > 0) recorder.reached('epoch-crossed', at.peer)
        this.#awake(event.round)
        return
      case 'resumed':
        recorder.reached('journal-resumed', at.peer)
        return
      case 'suspended':
        // Found while it runs: `watch` tells of what a start finds.
        if (event.reason === 'second-machine') recorder.emit({ type: 'suspended', ...at, by: event.reason })
        return
      case 'clipped':
        recorder.reached('backward-clipped', at.peer)
        return
      case 'outside':
        recorder.reached('tensor-refused', at.peer)
        return
      case 'loss': {
        const { round, train, heldOut } = event
        const loss = heldOut === null ? { train } : { train, heldOut }
        recorder.tell({ type: 'loss', ...at, stage: this.#init.stage, round, ...loss })
        return
      }
      case 'evidence':
        recorder.emit({ type: 'evidence', ...at, kind: event.kind, accused: indexOf(event.peer) ?? -1 })
        if (isHonest) recorder.reached(`evidence/${event.kind}`, at.peer)
        return
      case 'refused':
        recorder.emit({ type: 'refused', ...at, reason: event.reason, from: indexOf(event.peer) })
        return
      case 'synced':
        recorder.emit({ type: 'synced', ...at, round: event.round, by: event.by })
        recorder.reached(event.by === 'local' ? 'restored-from-disk' : `catch-up/${event.by}`, at.peer)
        return
      case 'run.finished':
        this.#init.onFinished()
        return
      default:
        return
    }
  }

  /** The parts, watched: everything that is broadcast under the own name passes here, a liar's messages too. */
  watch(parts: PeerParts): PeerParts {
    const { self, agreement, journal, engine } = parts
    const { recorder, peer } = this.#init
    this.#parts = parts
    this.#isAwaking = true
    if (journal.suspended !== null) recorder.reached('journal-suspended', peer)
    const watched = instead(agreement, {
      broadcast: (parcel, to) => {
        if (parcel.signed.signer === self) this.#signed(parcel.signed)
        agreement.broadcast(parcel, to)
      },
    })
    const noteRefusal = <Result>(result: Result): Result => {
      if (isRefusal(result)) recorder.reached('journal-refused', peer)
      return result
    }
    return {
      ...parts,
      agreement: watched,
      journal: instead(journal, {
        sign: async payload => noteRefusal(await journal.sign(payload)),
        signAll: async (payloads, records) => noteRefusal(await journal.signAll(payloads, records)),
        envelopes: (run, stage) => this.#restored(journal.envelopes(run, stage)),
      }),
      engine: instead(engine, {
        commit: (count, withOffLane, options) => {
          if (withOffLane) recorder.reached('off-lane-committed', peer)
          return engine.commit(count, withOffLane, options)
        },
      }),
      certified: (context, certified, next) => {
        this.#certified(certified, next)
        parts.certified(context, certified, next)
      },
    }
  }

  /** The first round of a life: was it begun in the one before? */
  #awake(round: number): void {
    const { recorder, peer } = this.#init
    const isBegun = [...this.#said].some(said => said.startsWith(`${round}/`))
    if (this.#isAwaking && isBegun && this.#parts?.journal.suspended === null) recorder.reached('round-restored', peer)
    this.#isAwaking = false
  }

  /** What the round counts after a start, though the process may have died between signing and saying it. */
  async #restored(envelopes: Promise<Uint8Array[]>): Promise<Uint8Array[]> {
    const found = await envelopes
    if (!this.#isAwaking) return found
    for (const envelope of found) {
      const signed = await open(envelope)
      if (!isRefusal(signed)) this.#signed(signed)
    }
    return found
  }

  #signed({ payload }: Signed): void {
    if (payload.kind === 'record') return
    const slot = slotOf(payload)
    const essence = hashHex(smallHash(encode(essenceOf(payload))))
    const said = `${payload.scope.round}/${payload.kind}/${essence}`
    if (this.#said.has(said)) return
    this.#said.add(said)
    const { recorder, hashes } = this.#init
    const { stage, round, epoch } = payload.scope
    const at = { ...this.#at(), stage, round }
    if (payload.kind === 'commit' || payload.kind === 'idle') recorder.emit({ type: payload.kind, ...at })
    if (payload.kind === 'prevote' && payload.view > (this.#views.get(round) ?? 0)) {
      this.#views.set(round, payload.view)
      recorder.emit({ type: 'view', ...at, view: payload.view })
      recorder.reached('view-changed', at.peer)
      if (this.#state !== null && this.#state.lock !== null) recorder.reached('view-change-with-lock', at.peer)
    }
    if (payload.kind === 'propose' && payload.validView >= 0) recorder.reached('valid-value-reproposed', at.peer)
    if (slot === null) return
    recorder.emit({
      type: 'signed',
      ...at,
      kind: payload.kind,
      slot: hashes.in(`${epoch}${slot.slice(slot.indexOf('/', slot.indexOf('/') + 1))}`),
      essence: hashes.in(essence),
      ...('view' in payload ? { view: payload.view } : {}),
      ...(payload.kind === 'prevote' || payload.kind === 'precommit'
        ? { value: payload.value === null ? null : hashes.of(payload.value) }
        : {}),
    })
  }

  #certified({ tip, verified }: Certified, next: 'promote' | 'keep' | 'adopt'): void {
    const { recorder, hashes, stage } = this.#init
    const { value, outcome, commits } = verified
    const index = (name: PeerName): number => this.#init.indexOf(name) ?? -1
    const skip = value.commits === 'skip'
    const at = { ...this.#at(), stage, round: tip.round }
    const view = this.#views.get(tip.round) ?? 0
    const id = hashes.of(verified.valueId)
    recorder.emit({ type: 'decided', ...at, view, value: id, skip })
    recorder.emit({
      type: 'certified',
      ...at,
      view,
      value: id,
      outcome: hashes.of(verified.outcomeHash),
      state: hashes.of(outcome.state),
      parent: { value: hashes.of(value.parent.value), outcome: hashes.of(value.parent.outcome) },
      skip,
      sealed: commits.map(({ signer, payload }) => ({
        peer: index(signer),
        count: payload.count,
        trace: payload.trace.map(({ source, sequence }) => `${index(source)}/${sequence}`),
      })),
      signers: verified.signers.map(index),
      next,
    })
    if (next === 'adopt') recorder.emit({ type: 'diverged', ...at, reason: 'f + 1 siblings computed otherwise' })
    if (skip) {
      recorder.reached('skipped', at.peer)
      const state = this.#state
      const isByIdle = state !== null && state.idles.size >= state.context.group.quorum
      recorder.reached(isByIdle ? 'skip-by-idle' : 'skip-by-views', at.peer)
    }
    const done = stage === 0 ? commits.reduce((sum, { payload }) => sum + payload.count, 0) : 0
    this.#init.onCertified(tip.round, done)
    for (const round of this.#views.keys()) if (round < tip.round) this.#views.delete(round)
    if (this.#said.size > SAID_KEPT) this.#said.clear()
  }

  get #state(): RoundState | null {
    return this.#parts?.inbox.current?.state ?? null
  }

  #at(): { readonly atMs: number; readonly peer: number } {
    return { atMs: this.#init.nowMs(), peer: this.#init.peer }
  }
}

/** Many rounds' messages; whoever says them again after that is heard twice, which breaks nothing. */
const SAID_KEPT = 20_000
