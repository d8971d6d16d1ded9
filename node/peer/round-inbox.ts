/**
 * Hands what arrives to the round it belongs to: the one in progress, the one before (late siblings), or a mailbox for the
 * next. Everything here is bounded by seats and rounds.
 */
import type { Answer, Delivery } from '../../protocols/activations/types.ts'
import type { MicroBatchId, PeerName, Settled, Signed } from '../../protocols/wire/messages.ts'
import { type Refusal, refuse } from '../../protocols/wire/refusals.ts'
import type { StatisticsReport } from '../../protocols/wire/tensor-statistics.ts'
import { Mailbox } from './mailbox.ts'
import type { RoundRun } from './round-run.ts'
import type { WorkDriver } from './work-driver.ts'

/** Nobody reads its stack, and it is needed every round. */
const ROUND_OVER = new Error('the round after it is decided')

/** SETTLEDs of the next round that are kept: the highest of each source. */
const SETTLED_KEPT = 256

/** What a round is told. */
export interface InboxRound
  extends Pick<RoundRun, 'round' | 'message' | 'settled' | 'settledBy' | 'reachable' | 'dispose'> {
  readonly work: Pick<WorkDriver, 'deliver' | 'abandoned' | 'reported'> | null
}

export interface RoundInboxInit {
  /** The round that will be opened first. */
  readonly round: number
  /** A sibling speaks of a round that is over here, and not held any more. */
  readonly onLate: (from: PeerName, round: number) => void
  /** A sibling speaks of a round beyond the next. */
  readonly onAhead: (from: PeerName) => void
}

export class RoundInbox<Round extends InboxRound = RoundRun> {
  readonly #init: RoundInboxInit
  readonly #mail = new Map<number, Mailbox>()
  readonly #settled = new Map<number, Signed<Settled>[]>()
  #round: number
  #current: Round | null = null
  #previous: Round | null = null
  #isBetween = false

  constructor(init: RoundInboxInit) {
    this.#init = init
    this.#round = init.round
  }

  /** The round in progress, or the next to be opened. */
  get round(): number {
    return this.#round
  }

  get current(): Round | null {
    return this.#current
  }

  /** A round was decided here, and the next is about to be opened. */
  get isBetween(): boolean {
    return this.#isBetween
  }

  /** The run is handed what came early, in order. */
  open(run: Round): void {
    this.#round = run.round
    this.#current = run
    this.#isBetween = false
    for (const round of [...this.#mail.keys()].filter(round => round < run.round)) this.#mail.delete(round)
    for (const round of [...this.#settled.keys()].filter(round => round < run.round)) this.#settled.delete(round)
    for (const { signed, attachments } of this.#mail.get(run.round)?.take() ?? []) run.message(signed, attachments)
    for (const signed of this.#settled.get(run.round) ?? []) run.settled(signed)
    this.#mail.delete(run.round)
    this.#settled.delete(run.round)
  }

  /** The round is decided: it answers late siblings until the next one is, too. */
  close(nextRound: number): void {
    this.#previous?.dispose(ROUND_OVER)
    this.#previous = this.#current
    this.#current = null
    this.#isBetween = true
    this.#round = nextRound
  }

  /** The round is given up: this peer goes on elsewhere in the history. */
  abandon(nextRound: number, reason: Error): void {
    this.#current?.dispose(reason)
    this.#current = null
    this.#isBetween = false
    this.#round = nextRound
  }

  stop(reason: Error): void {
    this.#current?.dispose(reason)
    this.#previous?.dispose(reason)
  }

  message(from: PeerName, signed: Signed, attachments: readonly Signed[]): void {
    const { round } = signed.payload.kind === 'record' ? { round: -1 } : signed.payload.scope
    if (round === this.#current?.round) this.#current.message(signed, attachments)
    else if (round === this.#previous?.round) this.#previous.message(signed, attachments)
    else if (round < this.#round) this.#init.onLate(from, round)
    else if (round > this.#round + 1) this.#init.onAhead(from)
    else this.#mailbox(round).put({ signed, attachments })
  }

  /** Does this SETTLED say more than what is known of its source? */
  isNews(source: PeerName, { scope, count }: Settled): boolean {
    if (scope.round === this.#current?.round) return this.#current.settledBy(source) < count
    const kept = this.#settled.get(scope.round) ?? []
    return kept.every(signed => signed.signer !== source || signed.payload.count < count)
  }

  /** True where it told something new. */
  settled(signed: Signed<Settled>): boolean {
    const { round } = signed.payload.scope
    if (round === this.#current?.round) return this.#current.settled(signed)
    if (round < this.#round || round > this.#round + 1) return false
    const kept = this.#settled.get(round) ?? []
    if (kept.length >= SETTLED_KEPT || !this.isNews(signed.signer, signed.payload)) return false
    this.#settled.set(round, [...kept.filter(one => one.signer !== signed.signer), signed])
    return true
  }

  /** What to answer to a tensor; decided at once. */
  deliver(delivery: Delivery): Answer {
    const run = this.#current
    if (run === null) return { kind: 'wait', round: this.#round }
    return run.work?.deliver(delivery) ?? { kind: 'refused', refusal: refuse('not-available', 'this replica follows') }
  }

  abandoned(from: PeerName, id: MicroBatchId): void {
    this.#current?.work?.abandoned(from, id)
  }

  /** Between two rounds nobody compares: the next report counts. */
  reported(from: PeerName, report: StatisticsReport): Refusal | null {
    return this.#current?.work?.reported(from, report) ?? null
  }

  reachable(peer: PeerName, reachable: boolean): void {
    this.#current?.reachable(peer, reachable)
  }

  #mailbox(round: number): Mailbox {
    const known = this.#mail.get(round)
    if (known !== undefined) return known
    const fresh = new Mailbox()
    this.#mail.set(round, fresh)
    return fresh
  }
}
