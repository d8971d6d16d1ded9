/** Turns what happens in the rounds into events. */
import { ROLES, rankByStake } from '../../consensus/election/index.ts'
import { leadersOf } from '../../consensus/round/index.ts'
import type { RoundContext } from '../../consensus/round/types.ts'
import type { TransferProgress } from '../../protocols/state/index.ts'
import type { VerifiedCertificate } from '../../protocols/wire/certificate.ts'
import type { CancelTimer, Clock } from '../../protocols/wire/environment.ts'
import { hashHex } from '../../protocols/wire/hash.ts'
import type { Change, Commit, Evidence, PeerName, Scope } from '../../protocols/wire/messages.ts'
import type { RefusalReason } from '../../protocols/wire/refusals.ts'
import type { EventBus } from '../events/bus.ts'
import type { Clipped } from './clip-tally.ts'
import type { EvidenceLog } from './evidence-log.ts'
import type { RoundEnd, RoundReports } from './round-driver.ts'
import type { OutsideTensor } from './work-driver.ts'

/** A wait below this is no news. */
const WAIT_NEWS_MS = 3_000
/** Nor is one that lasts no longer than this many of the rounds so far: all of a round is waiting for something. */
const WAIT_NEWS_ROUNDS = 2
/** A round that took this long did not set a pace; it was held up itself. */
const PACE_MAX_MS = 15_000
/** Between two events of a transfer. */
const TRANSFER_NEWS_MS = 500
/** Refusals told apart in a round; more of the same are only counted by the protocols. */
const REFUSALS_A_ROUND = 64
/** What an honest peer runs into as well: it is a little behind or ahead, or this one is busy. */
const HONEST_REASONS: ReadonlySet<RefusalReason> = new Set<RefusalReason>([
  'stale-round',
  'future-round',
  'stale-record',
  'wrong-epoch',
  'duplicate',
  'unknown-item',
  'pruned',
  'overloaded',
  'paused',
  'aborted',
  'timed-out',
  'unreachable',
])
const MICRONATS = 1e6
/** Rounds for which a late measurement still finds its training loss. */
const LINES_KEPT = 64

export interface ReporterInit {
  readonly bus: EventBus
  readonly clock: Clock
  readonly stage: number
  readonly stages: number
  readonly evidence: Pick<EvidenceLog, 'append'>
}

export class Reporter {
  readonly #init: ReporterInit
  readonly #refused = new Set<string>()
  /** Bounded by the seats of the stages before and after: the door admits nobody else. */
  readonly #outside = new Set<string>()
  #view = 0
  #round = 0
  #waitingFor = ''
  #lacking = ''
  /** What will be told once it has lasted. */
  #news = ''
  #told = ''
  #timer: CancelTimer | null = null
  #lastLossMs: number | null = null
  #transferToldMs = Number.NEGATIVE_INFINITY
  /** When the round in progress started, and what the last one took. */
  #roundStartedMs: number | null = null
  #roundMs = 0
  readonly #lines: { round: number; train: number; tokensPerSecond: number }[] = []
  /** Held-out losses whose round's training loss is not here yet. */
  readonly #measured = new Map<number, number>()

  constructor(init: ReporterInit) {
    this.#init = init
  }

  /** Says what the round waits for once the wait for it has lasted; an empty text ends the wait. */
  waiting(text: string): void {
    this.#waitingFor = text
    this.#review()
  }

  /** Says who is missing; as long as somebody is, that is why the round waits, whatever it waits for. */
  lacking(text: string): void {
    this.#lacking = text
    this.#review()
  }

  #review(): void {
    const text = this.#lacking || this.#waitingFor
    if (text === this.#news) return
    this.#news = text
    this.#timer?.()
    this.#timer = null
    if (text === '') this.#tell('')
    else this.#timer = this.#init.clock.after(this.#newsMs(), () => this.#tell(text))
  }

  #newsMs(): number {
    return Math.max(WAIT_NEWS_MS, WAIT_NEWS_ROUNDS * Math.min(this.#roundMs, PACE_MAX_MS))
  }

  #tell(text: string): void {
    if (text === this.#told) return
    this.#told = text
    this.#init.bus.emit('waiting', { stage: this.#init.stage, for: text })
  }

  /** How far a snapshot from siblings is: now and then, and at its end. */
  syncing({ bytes, of, sources }: TransferProgress): void {
    const nowMs = this.#init.clock.nowMs()
    if (bytes < of && nowMs - this.#transferToldMs < TRANSFER_NEWS_MS) return
    this.#transferToldMs = nowMs
    this.#init.bus.emit('sync.progress', { stage: this.#init.stage, bytes, of, sources })
  }

  /** A refusal is an event where no honest peer causes it; the protocols count all of them. */
  refused(reason: RefusalReason, peer: PeerName): void {
    if (HONEST_REASONS.has(reason)) return
    const key = `${reason}/${peer}`
    if (this.#refused.has(key) || this.#refused.size >= REFUSALS_A_ROUND) return
    this.#refused.add(key)
    this.#init.bus.emit('refused', { reason, peer })
  }

  /** Gradients of a round that were scaled down, one event a sender. */
  clipped(round: number, senders: readonly Clipped[]): void {
    for (const sender of senders) this.#init.bus.emit('clipped', { stage: this.#init.stage, round, ...sender })
  }

  /** One event a sender and direction: an audit needs no more than one. */
  outside({ direction, from, id, finding, header }: OutsideTensor): void {
    const key = `${direction}/${from}`
    if (this.#outside.has(key)) return
    this.#outside.add(key)
    const { round, source, sequence } = id
    const what = { stage: this.#init.stage, round, peer: from, direction, source, sequence }
    this.#init.bus.emit('outside', { ...what, ...finding, header: hashHex(header) })
  }

  suspended(reason: string): void {
    this.#init.bus.emit('suspended', { stage: this.#init.stage, reason })
  }

  pausing(peer: PeerName, round: number): void {
    this.#init.bus.emit('pausing', { peer, stage: this.#init.stage, round })
  }

  paused(peer: PeerName, round: number, untilHeight: number | null): void {
    this.#init.bus.emit('paused', { peer, stage: this.#init.stage, round, untilHeight })
  }

  resumed(round: number): void {
    this.#init.bus.emit('resumed', { stage: this.#init.stage, round })
  }

  warning(message: string): void {
    this.#init.bus.emit('warning', { message })
  }

  /** A round decided about the members of its stage. */
  changed({ stage, round, epoch }: Scope, changes: readonly Change[]): void {
    this.#init.bus.emit('membership.changed', { stage, round, epoch, changes })
  }

  roundStarted(context: RoundContext): void {
    this.#refused.clear()
    this.#outside.clear()
    this.#view = 0
    this.#round = context.scope.round
    this.#roundStartedMs = this.#init.clock.nowMs()
    const { stage, round, epoch } = context.scope
    this.#init.bus.emit('round.started', { stage, round, epoch })
  }

  #viewed(view: number): void {
    if (view > this.#view) this.#init.bus.emit('round.view', { stage: this.#init.stage, round: this.#round, view })
    this.#view = view
  }

  /** The hooks of one round. */
  forRound(): RoundReports {
    return {
      certified: () => this.waiting(''),
      evidence: (evidence: Evidence) => {
        this.#init.evidence.append(evidence)
        this.#init.bus.emit('evidence', { kind: evidence.kind, peer: evidence.accused })
      },
      refused: (reason, signer) => this.refused(reason, signer),
      outside: tensor => this.outside(tensor),
      status: (view, phase, waitingFor) => {
        this.#viewed(view)
        this.waiting(phase === 'done' ? '' : waitingFor)
      },
      warning: message => this.warning(message),
    }
  }

  certified(context: RoundContext, certificate: VerifiedCertificate, next: RoundEnd['next']): void {
    const { value, valueId, outcome, outcomeHash, signers, commits } = certificate
    const { scope, beacon, group, stakeCap } = context
    if (this.#roundStartedMs !== null) this.#roundMs = this.#init.clock.nowMs() - this.#roundStartedMs
    const draw = { beacon, run: scope.run, stage: scope.stage, round: scope.round, role: ROLES.proposer }
    const ranking = leadersOf(context, rankByStake(draw, group.seats, stakeCap))
    this.#init.bus.emit('round.certified', {
      stage: scope.stage,
      round: scope.round,
      view: this.#view,
      leader: ranking[this.#view % ranking.length] ?? '',
      state: hashHex(outcome.state),
      commits: value.commits === 'skip' ? 0 : value.commits.length,
      tokens: commits.reduce((sum, { payload }) => sum + payload.tokens, 0),
      value: hashHex(valueId),
      outcome: hashHex(outcomeHash),
      parent: { value: hashHex(value.parent.value), outcome: hashHex(value.parent.outcome) },
      signers,
      sealed: commits.map(({ signer, payload }) => ({
        peer: signer,
        count: payload.count,
        trace: payload.trace.map(({ source, sequence }) => `${source}/${sequence}`),
      })),
      next,
    })
  }

  /** The head's commitments carry the training loss. */
  loss(certificate: VerifiedCertificate): void {
    const { stage, round } = certificate.value.scope
    if (stage !== this.#init.stages - 1) return
    const nowMs = this.#init.clock.nowMs()
    const elapsedMs = this.#lastLossMs === null ? 0 : nowMs - this.#lastLossMs
    this.#lastLossMs = nowMs
    const sum = (of: (commit: Commit) => number) =>
      certificate.commits.reduce((total, { payload }) => total + of(payload), 0)
    const count = sum(commit => commit.count)
    if (count === 0) return
    const tokens = sum(commit => commit.tokens)
    const line = {
      round,
      train: sum(commit => commit.lossSumMicronats) / count / MICRONATS,
      tokensPerSecond: elapsedMs === 0 ? 0 : (tokens / elapsedMs) * 1000,
    }
    this.#init.bus.emit('loss', { ...line, heldOut: this.#measured.get(round) ?? null })
    this.#measured.delete(round)
    this.#lines.push(line)
    if (this.#lines.length > LINES_KEPT) this.#lines.shift()
  }

  /** A measurement of the state after `round`; told with the round's training loss, whichever comes later. */
  heldOut(round: number, heldOut: number): void {
    const line = this.#lines.find(one => one.round === round)
    if (line !== undefined) {
      this.#init.bus.emit('loss', { ...line, heldOut })
      return
    }
    this.#measured.set(round, heldOut)
    const oldest = this.#measured.keys().next().value
    if (this.#measured.size > LINES_KEPT && oldest !== undefined) this.#measured.delete(oldest)
  }
}
