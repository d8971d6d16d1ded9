/**
 * One replica of a stage: round after round until it is stopped. It opens a round on what was certified last, carries its end
 * over to state and disk, and catches up with its siblings where it fell behind.
 */

import { ROLES, rankByHash, rankByStake } from '../../consensus/election/index.ts'
import { NO_TEMPO, tempoOf } from '../../consensus/round/index.ts'
import type { RoundContext } from '../../consensus/round/types.ts'
import {
  type ClipState,
  createClip,
  createPace,
  type ForwardInput,
  NO_REFERENCES,
  type Pace,
  workLimits,
} from '../../consensus/routing/index.ts'
import { encodeCertificate } from '../../protocols/wire/certificate.ts'
import type { Certificate, PeerName } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import type { Anchorer } from './anchorer.ts'
import { announce } from './announce.ts'
import type { CatchUp } from './catch-up.ts'
import type { CertificateBook } from './certificate-book.ts'
import type { ChangesPoster } from './changes-poster.ts'
import { type Epoch, isSeated } from './epoch.ts'
import { type Evaluator, FINAL_BATCHES, isMeasured, PASSING_BATCHES } from './evaluator.ts'
import type { History } from './history.ts'
import { keptPartitions } from './keep-held.ts'
import type { KeyWatch } from './key-watch.ts'
import type { Membership } from './membership.ts'
import { heardOf } from './other-stages.ts'
import { Pausing } from './pausing.ts'
import { rankOf } from './rank.ts'
import type { Reporter } from './reporter.ts'
import { holdRestoredCommit, holdRestoredPartitions, restoredRound } from './restore-round.ts'
import { type Measured, roundContext, workContext } from './round-context.ts'
import type { RoundEnd, RoundReports } from './round-driver.ts'
import type { RoundInbox } from './round-inbox.ts'
import { RoundRun } from './round-run.ts'
import type { SeenCommits } from './seen-commits.ts'
import type { SeenSignatures } from './seen-signatures.ts'
import type { StageState } from './stage-state.ts'
import type { Tip } from './tip.ts'
import type { PeerParts } from './types.ts'
import type { Wishes } from './wishes.ts'

export interface ReplicaInit {
  readonly parts: PeerParts
  readonly membership: Membership
  readonly stageState: StageState
  readonly history: History
  readonly book: CertificateBook
  readonly inbox: RoundInbox
  readonly commits: SeenCommits
  readonly signatures: SeenSignatures
  readonly keyWatch: KeyWatch
  readonly catchUp: CatchUp
  readonly wishes: Wishes
  readonly poster: ChangesPoster
  /** Has a person asked this peer to give its seat up? */
  readonly wantsToLeave: () => boolean
  /** Are as many siblings connected as a round needs? */
  readonly canGoOn: () => boolean
  readonly anchorer: Anchorer
  readonly evaluator: Evaluator
  readonly reporter: Reporter
  readonly untilRound: number | null
  /** Peers of other stages that are not connected now. */
  readonly unreachable: () => readonly PeerName[]
  /** Spreads the own stage's certificate, unless others do first. */
  readonly spread: (encoded: Uint8Array, rank: number, round: number) => void
  /** The state is that of another round now. */
  readonly onRound: () => void
  readonly onFinished: (round: number) => void
}

type Interruption = 'behind'

/** Why a replica's rounds end: it was told to stop or to pause, its seat is gone, or its stage went on from an earlier round. */
export type ReplicaEnd = 'stopped' | 'paused' | 'unseated' | 'left'

/** For the last anchor to become final: a few empty blocks of the embedded chain. */
const FINAL_ANCHOR_MS = 20_000

export class Replica {
  readonly #init: ReplicaInit
  #clip: ClipState
  #measured: Measured
  #tempo = NO_TEMPO
  #parked: readonly ForwardInput[] = []
  #epoch: Epoch | null = null
  #behind = Promise.withResolvers<Interruption>()
  #finished = false
  readonly #pausing: Pausing
  /** The first round that this process opens: what an earlier one has acknowledged is on the disk. */
  #isFirst = true

  constructor(init: ReplicaInit) {
    this.#init = init
    const { optimizer, stages } = init.parts.run.manifest
    this.#clip = createClip(optimizer.backwardClip)
    this.#measured = { pace: createPace(workLimits(stages).window), references: NO_REFERENCES }
    const { parts, stageState, membership, wishes, reporter } = init
    const { self, clock } = parts
    this.#pausing = new Pausing({ self, clock, stageState, membership, wishes, reporter, canGoOn: init.canGoOn })
  }

  /** The epoch of the round in progress; null before the first round. */
  get epoch(): Epoch | null {
    return this.#epoch
  }

  /** Siblings have shown a certificate that this peer lacks. */
  fallBehind(): void {
    this.#behind.resolve('behind')
  }

  /**
   * Runs until the signal fires, or the next round is one of an epoch in which this peer has no seat. Rejects where the stage's
   * replicas compute differently, or a disk fails.
   */
  async run(signal: AbortSignal): Promise<ReplicaEnd> {
    const stopped = new Promise<'stopped'>(resolve =>
      signal.addEventListener('abort', () => resolve('stopped'), { once: true }),
    )
    // Its disk or its siblings may have had the last round already.
    this.#finish(this.#init.stageState.tip.round)
    let how: ReplicaEnd = 'stopped'
    while (!signal.aborted) {
      this.#behind = Promise.withResolvers()
      if (this.#finished) {
        // Nothing more is trained, but late siblings are answered, and the state is served.
        this.#pausing.opened(null)
        how = await Promise.race([stopped, this.#pausing.over])
        break
      }
      if (this.#isLeft) {
        how = 'left'
        break
      }
      const epoch = await this.#nextEpoch(signal)
      if (epoch === null) {
        how = 'unseated'
        break
      }
      const run = await this.#open(epoch, signal)
      const end = await Promise.race([run.ended, this.#behind.promise, stopped, this.#pausing.over])
      if (end === 'stopped' || end === 'paused') {
        how = end
        break
      }
      if (end === 'behind') await this.#catchUp(signal)
      else await this.#conclude(run, end, signal)
      this.#pausing.roundEnded()
    }
    if (how === 'paused') this.#pausing.tell()
    this.#init.inbox.stop(new Error(how === 'stopped' ? 'this peer stops' : 'these rounds do not go on here'))
    await this.#init.stageState.flush()
    return how
  }

  /** Asked to pause: it hands its work over, and ends with the round that decides that its seat stays. */
  pause(): void {
    const { inbox, parts } = this.#init
    if (this.#pausing.isAsked) return
    if (inbox.isBetween && !this.#finished) {
      this.#pausing.beginWithNext()
      return
    }
    const run = inbox.current
    const isTakingPart = run !== null && run.context.self !== null && !this.#finished
    this.#pausing.begin(isTakingPart ? run : null)
    if (!isTakingPart) return
    this.#announce(run.context).catch(error => parts.warn(`the pause is not announced: ${String(error)}`))
  }

  /** A sibling said that it pauses, or went. */
  lookAtPause(): void {
    const run = this.#init.inbox.current
    if (run !== null) this.#pausing.look(run.context)
  }

  /** The last round asked for is certified: nothing more is trained. */
  get isFinished(): boolean {
    return this.#finished
  }

  get #isLeft(): boolean {
    const { history, stageState } = this.#init
    return history.standing(stageState.tip).type === 'left'
  }

  /** Of the next round; null where this peer has no seat in it, nor in those that were read since. */
  async #nextEpoch(signal: AbortSignal): Promise<Epoch | null> {
    const { parts, membership, stageState } = this.#init
    const epoch = await membership.epoch(membership.epochOf(stageState.tip.reference.height), signal)
    if (!isSeated(epoch, parts.self, parts.stage) || this.isGone) return null
    this.#epoch = epoch
    return epoch
  }

  /** A peer that was cut off may not get to the round in which its seat ended: those who sit there now do not hear it. */
  get isGone(): boolean {
    const { parts, membership } = this.#init
    const { newest, current } = membership
    return [newest, current, membership.roster(current.epoch - 1)].every(
      roster => roster?.stageOf.get(parts.self) !== parts.stage,
    )
  }

  /** What was measured in the rounds before. */
  get pace(): Pace {
    return this.#measured.pace
  }

  async #open(epoch: Epoch, signal: AbortSignal): Promise<RoundRun> {
    const { parts, stageState, inbox, commits, signatures, reporter, book } = this.#init
    const { tip } = stageState
    const { run, self, stage, journal, engine } = parts
    const restored = await restoredRound(journal, run.id, stage, { round: tip.round + 1, epoch: epoch.number })
    const signs = journal.suspended === null
    const base = { run, stage, self, signs, partitions: engine.shape.partitions, tip, epoch }
    const context = roundContext(base, this.#tempo)
    // What was committed before a restart stands; its micro-batches are not done twice.
    const isWorking = signs && !(restored?.messages.some(({ payload }) => payload.kind === 'commit') ?? false)
    parts.reduce.advance(context.scope.round)
    commits.advance(context.scope.round)
    signatures.advance(context.scope.round)
    parts.agreement.forgetBelow(context.scope.round - 1)
    if (restored !== null) await holdRestoredCommit(parts, restored)
    if (this.#isFirst) await holdRestoredPartitions(journal, parts.reduce, context.scope)
    if (this.#isFirst) this.#init.anchorer.note(tip)
    this.#isFirst = false
    for (const signed of restored?.messages ?? []) commits.noteOwn(signed)
    const round = new RoundRun({
      parts,
      context,
      onSigned: signed => commits.noteOwn(signed),
      work: isWorking ? workContext(base, this.#measured, this.#tempo) : null,
      restored,
      clip: this.#clip,
      reports: this.#reports(),
    })
    reporter.roundStarted(context)
    inbox.open(round)
    const kept = await keptPartitions(journal, parts.reduce, context.scope)
    for (const { author, root, partition } of kept) round.stored(author, root, partition)
    this.#pausing.opened(round)
    await this.#announce(context)
    for (const wish of this.#init.wishes.forRound(context)) round.wish(wish)
    await round.start(this.#parked, this.#init.unreachable, tip.round === stageState.start.round)
    this.#parked = []
    heardOf(book, round)
    const head = await parts.chain.finalizedHead({ signal })
    round.finalized(head.height, head.hash)
    return round
  }

  #reports(): RoundReports {
    const { reporter, wishes, parts } = this.#init
    const reports = reporter.forRound()
    return {
      ...reports,
      evidence: evidence => {
        reports.evidence(evidence)
        wishes.proven(evidence).catch(error => parts.warn(`evidence cannot be opened: ${String(error)}`))
      },
    }
  }

  /** Tells the siblings, in every round until it is decided, that the seat is given up, or that this peer pauses. */
  async #announce(context: RoundContext): Promise<void> {
    const { parts, wantsToLeave, wishes } = this.#init
    if (!wantsToLeave() && !this.#pausing.isAsked) return
    const act = wantsToLeave() ? 'remove-left' : 'pause'
    if (await announce(act, context, { parts, wishes })) this.lookAtPause()
  }

  async #conclude(run: RoundRun, end: RoundEnd, signal: AbortSignal): Promise<void> {
    const { parts, stageState, inbox, history, reporter, keyWatch } = this.#init
    const now = history.standing(stageState.tip).type
    // Certified by the group of before, after the stage was re-formed from this round or an earlier one.
    if (now === 'base' || now === 'left') return this.#catchUp(signal)
    const encoded = encodeCertificate(end.certificate)
    const certified = await history.follow(stageState.tip, end.certificate, encoded, signal)
    // The machine has checked it; a history that does not follow would be a bug, and nothing may be built on it.
    if (isRefusal(certified)) throw new Error(`the round's own certificate: ${certified.detail ?? certified.refused}`)
    await keyWatch.learned(certified.verified)
    this.#tempo = tempoOf(run.state)
    const work = run.endWork()
    this.#parked = work?.parked ?? []
    if (work !== null) {
      this.#clip = work.clip
      this.#measured = work
    }
    inbox.close(certified.tip.round + 1)
    if (end.next === 'promote') await stageState.promote(certified, run.executed?.partitions ?? null)
    else await stageState.keep(certified)
    this.#init.onRound()
    parts.certified(run.context, certified, end.next)
    this.#init.wishes.certified(run.round, certified.verified.outcomes)
    this.#changed(end.certificate, certified.verified.signers)
    reporter.loss(certified.verified)
    reporter.clipped(run.round, work?.clipped ?? [])
    this.#report(run.round)
    const { run: of, stage } = parts
    const place = { run: of.id, stage, epoch: run.context.scope.epoch, round: stageState.tip.round + 1 }
    await keyWatch.ended(certified.verified, run.context.group, place)
    this.#init.spread(encoded, rankOf(certified.verified.signers, parts.self), run.round)
    this.#anchor(certified.tip)
    if (end.next === 'adopt') await this.#catchUp(signal, true)
    this.#measure(run.round, signal)
    this.#finish(run.round)
  }

  async #catchUp(signal: AbortSignal, afresh = false): Promise<void> {
    const { inbox, stageState, catchUp, parts } = this.#init
    inbox.abandon(stageState.tip.round + 1, new Error('this replica is behind its siblings'))
    this.#parked = []
    parts.times.phase('idle')
    const by = await catchUp.run(signal, afresh)
    inbox.abandon(stageState.tip.round + 1, new Error('caught up'))
    this.#init.onRound()
    this.#init.anchorer.note(stageState.tip)
    if (by !== 'nothing') parts.synced(stageState.tip.round, by)
    // Who only follows says nothing, so its siblings may have lost it: another machine with its key had their streams.
    if (by !== 'nothing' && parts.journal.suspended !== null) parts.agreement.greet()
    this.#finish(stageState.tip.round)
  }

  #report(round: number): void {
    const { parts } = this.#init
    parts.timesTaken(round, parts.times.take())
  }

  /** What was decided about the members goes to the chain, by one of those who signed it: the absent cannot. */
  #changed(certificate: Certificate, signers: readonly PeerName[]): void {
    const { changes, scope } = certificate.value
    if (changes.length === 0) return
    const { reporter, poster, parts } = this.#init
    reporter.changed(scope, changes)
    const ranking = this.#anchorers(scope.round)?.filter(peer => signers.includes(peer)) ?? []
    poster.post(certificate, rankOf(ranking, parts.self)).catch(error => parts.warn(`changes: ${String(error)}`))
  }

  /** Whose turn it is to write to the chain, in order. */
  #anchorers(round: number): readonly PeerName[] | null {
    const { parts } = this.#init
    const { manifest, id } = parts.run
    const epoch = this.#epoch
    const group = epoch?.groups[parts.stage]
    if (epoch === null || group === undefined) return null
    const draw = { beacon: epoch.beacon, run: id, stage: parts.stage, round, role: ROLES.anchorer }
    return rankByStake(draw, group.seats, BigInt(manifest.stake.cap))
  }

  /** The head of the certificate chain goes to the chain now and then, and at the end. */
  #anchor(tip: Tip): void {
    const { anchorer, parts, untilRound } = this.#init
    const { round } = tip
    if (round % parts.run.manifest.chain.anchorEvery !== 0 && round !== untilRound) return
    anchorer.note(tip)
    const ranking = this.#anchorers(round)
    if (ranking !== null) anchorer.post(tip, rankOf(ranking, parts.self))
  }

  /** One replica of stage 0 measures; nobody waits for it. */
  #measure(round: number, signal: AbortSignal): void {
    const { parts, evaluator, reporter, untilRound } = this.#init
    const epoch = this.#epoch
    if (parts.stage !== 0 || epoch === null || !isMeasured(round, untilRound)) return
    const draw = { beacon: epoch.beacon, run: parts.run.id, stage: 0, round, role: ROLES.evaluator }
    const seats = epoch.groups[0]?.seats.map(({ peer }) => peer) ?? []
    if (rankByHash(draw, seats)[0] !== parts.self) return
    const count = round === untilRound ? FINAL_BATCHES : PASSING_BATCHES
    evaluator.measure(round, count, signal).then(
      loss => (loss === null ? undefined : reporter.heldOut(round, loss)),
      error => (signal.aborted ? undefined : parts.warn(`measuring round ${round}: ${String(error)}`)),
    )
  }

  #finish(round: number): void {
    const { untilRound, onFinished } = this.#init
    if (untilRound === null || round < untilRound || this.#finished) return
    this.#finished = true
    // The run is over for people once its end is on the chain; a chain that does not answer must not hold them for long.
    const { clock } = this.#init.parts
    const patience = new AbortController()
    const cancel = clock.after(FINAL_ANCHOR_MS, () => patience.abort())
    void this.#init.anchorer
      .final(round, patience.signal)
      .catch(() => undefined)
      .then(() => {
        cancel()
        onFinished(round)
      })
  }
}
