/**
 * One replica of a stage: round after round until it is stopped. It opens a round on what was certified last, carries its end
 * over to state and disk, and catches up with its siblings where it fell behind.
 */
import { ROLES, rankByHash, rankByStake } from '../../consensus/election/index.ts'
import {
  type ClipState,
  createClip,
  createPace,
  DEFAULT_WORK_LIMITS,
  type ForwardInput,
  type Pace,
} from '../../consensus/routing/index.ts'
import { encodeCertificate } from '../../protocols/wire/certificate.ts'
import type { Hash, PeerName } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import type { Anchorer } from './anchorer.ts'
import type { CatchUp } from './catch-up.ts'
import type { CertificateBook } from './certificate-book.ts'
import type { Epoch } from './epoch.ts'
import { type Evaluator, FINAL_BATCHES, isMeasured, PASSING_BATCHES } from './evaluator.ts'
import type { History } from './history.ts'
import type { Membership } from './membership.ts'
import { rankOf } from './rank.ts'
import type { Reporter } from './reporter.ts'
import { holdRestoredCommit, holdRestoredPartitions, restoredRound } from './restore-round.ts'
import { roundContext, workContext } from './round-context.ts'
import type { RoundEnd } from './round-driver.ts'
import type { RoundInbox } from './round-inbox.ts'
import { RoundRun } from './round-run.ts'
import type { SeenCommits } from './seen-commits.ts'
import type { SeenSignatures } from './seen-signatures.ts'
import type { StageState } from './stage-state.ts'
import type { PeerParts } from './types.ts'

export interface ReplicaInit {
  readonly parts: PeerParts
  readonly membership: Membership
  readonly stageState: StageState
  readonly history: History
  readonly book: CertificateBook
  readonly inbox: RoundInbox
  readonly commits: SeenCommits
  readonly signatures: SeenSignatures
  readonly catchUp: CatchUp
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

/** For the last anchor to become final: a few empty blocks of the embedded chain. */
const FINAL_ANCHOR_MS = 20_000

export class Replica {
  readonly #init: ReplicaInit
  #clip: ClipState
  #pace: Pace = createPace(DEFAULT_WORK_LIMITS.window)
  #parked: readonly ForwardInput[] = []
  #epoch: Epoch | null = null
  #behind = Promise.withResolvers<Interruption>()
  #finished = false
  /** The first round that this process opens: what an earlier one has acknowledged is on the disk. */
  #isFirst = true

  constructor(init: ReplicaInit) {
    this.#init = init
    this.#clip = createClip(init.parts.run.manifest.optimizer.backwardClip)
  }

  /** The epoch of the round in progress; null before the first round. */
  get epoch(): Epoch | null {
    return this.#epoch
  }

  /** Siblings have shown a certificate that this peer lacks. */
  fallBehind(): void {
    this.#behind.resolve('behind')
  }

  /** Runs until the signal fires, then resolves. Rejects where the stage's replicas compute differently, or a disk fails. */
  async run(signal: AbortSignal): Promise<void> {
    const stopped = new Promise<'stopped'>(resolve =>
      signal.addEventListener('abort', () => resolve('stopped'), { once: true }),
    )
    // Its disk or its siblings may have had the last round already.
    this.#finish(this.#init.stageState.tip.round)
    while (!signal.aborted) {
      this.#behind = Promise.withResolvers()
      if (this.#finished) {
        // Nothing more is trained, but late siblings are answered, and the state is served.
        await stopped
        break
      }
      const run = await this.#open(signal)
      const end = await Promise.race([run.ended, this.#behind.promise, stopped])
      if (end === 'stopped') break
      if (end === 'behind') await this.#catchUp(signal)
      else await this.#conclude(run, end, signal)
    }
    this.#init.inbox.stop(new Error('this peer stops'))
    await this.#init.stageState.flush()
  }

  async #open(signal: AbortSignal): Promise<RoundRun> {
    const { parts, membership, stageState, inbox, commits, signatures, reporter, book } = this.#init
    const { tip } = stageState
    const { run, self, stage, journal, engine } = parts
    const epoch = await membership.epoch(membership.epochOf(tip.reference.height), signal)
    this.#epoch = epoch
    const restored = await restoredRound(journal, run.id, stage, tip.round + 1)
    const signs = journal.suspended === null
    const base = { run, stage, self, signs, partitions: engine.shape.partitions, tip, epoch }
    const context = roundContext(base)
    // What was committed before a restart stands; its micro-batches are not done twice.
    const isWorking = signs && !(restored?.messages.some(({ payload }) => payload.kind === 'commit') ?? false)
    parts.reduce.advance(context.scope.round)
    commits.advance(context.scope.round)
    signatures.advance(context.scope.round)
    parts.agreement.forgetBelow(context.scope.round - 1)
    if (restored !== null) await holdRestoredCommit(parts, restored)
    const held = this.#isFirst ? await holdRestoredPartitions(parts, context.scope) : []
    this.#isFirst = false
    const round = new RoundRun({
      parts,
      context,
      work: isWorking ? workContext(base, this.#pace) : null,
      restored,
      clip: this.#clip,
      reports: reporter.forRound(),
    })
    reporter.roundStarted(context)
    inbox.open(round)
    for (const { author, root, partition } of held) round.stored(author, root, partition)
    await round.start(this.#parked, this.#init.unreachable())
    this.#parked = []
    if (book.othersReached(tip.round)) round.work?.pipelineReady()
    const head = await parts.chain.finalizedHead({ signal })
    round.finalized(head.height, head.hash)
    return round
  }

  async #conclude(run: RoundRun, end: RoundEnd, signal: AbortSignal): Promise<void> {
    const { parts, stageState, inbox, history, reporter } = this.#init
    const encoded = encodeCertificate(end.certificate)
    const certified = await history.follow(stageState.tip, end.certificate, encoded, signal)
    // The machine has checked it; a history that does not follow would be a bug, and nothing may be built on it.
    if (isRefusal(certified)) throw new Error(`the round's own certificate: ${certified.detail ?? certified.refused}`)
    const work = run.endWork()
    this.#parked = work?.parked ?? []
    if (work !== null) {
      this.#clip = work.clip
      this.#pace = work.pace
    }
    inbox.close(certified.tip.round + 1)
    if (end.next === 'promote') await stageState.promote(certified, run.executed?.partitions ?? null)
    else await stageState.keep(certified)
    this.#init.onRound()
    parts.certified(run.context, certified, end.next)
    reporter.loss(certified.verified)
    reporter.clipped(run.round, work?.clipped ?? [])
    this.#report(run.round)
    await this.#maybeResume(certified.verified.signers)
    this.#init.spread(encoded, rankOf(certified.verified.signers, parts.self), run.round)
    this.#anchor(run.round, stageState.tip.link)
    if (end.next === 'adopt') await this.#catchUp(signal, true)
    this.#measure(run.round, signal)
    this.#finish(run.round)
  }

  /** A certificate was made without this peer: what it signs from now on cannot contradict what it forgot. */
  async #maybeResume(signers: readonly PeerName[]): Promise<void> {
    const { parts, stageState, reporter } = this.#init
    const { journal, run, stage, self } = parts
    if (journal.suspended === null || signers.includes(self)) return
    const epoch = this.#epoch?.number ?? 0
    const round = stageState.tip.round + 1
    await journal.resume({ run: run.id, stage, epoch, round })
    reporter.resumed(round)
  }

  async #catchUp(signal: AbortSignal, afresh = false): Promise<void> {
    const { inbox, stageState, catchUp, parts } = this.#init
    inbox.abandon(stageState.tip.round + 1, new Error('this replica is behind its siblings'))
    this.#parked = []
    parts.times.phase('idle')
    const by = await catchUp.run(signal, afresh)
    inbox.abandon(stageState.tip.round + 1, new Error('caught up'))
    this.#init.onRound()
    if (by !== 'nothing') parts.synced(stageState.tip.round, by)
    this.#finish(stageState.tip.round)
  }

  #report(round: number): void {
    const { parts } = this.#init
    parts.timesTaken(round, parts.times.take())
  }

  /** The head of the certificate chain goes to the chain now and then, and at the end. */
  #anchor(round: number, link: Hash): void {
    const { anchorer, parts, untilRound } = this.#init
    const { manifest, id } = parts.run
    if (round % manifest.chain.anchorEvery !== 0 && round !== untilRound) return
    anchorer.note(round, link)
    const epoch = this.#epoch
    const group = epoch?.groups[parts.stage]
    if (epoch === null || group === undefined) return
    const draw = { beacon: epoch.beacon, run: id, stage: parts.stage, round, role: ROLES.anchorer }
    const ranking = rankByStake(draw, group.seats, BigInt(manifest.stake.cap))
    anchorer.post(round, link, rankOf(ranking, parts.self)).catch(error => parts.warn(`anchor: ${String(error)}`))
  }

  /** One replica of stage 0 measures; nobody waits for it. */
  #measure(round: number, signal: AbortSignal): void {
    const { parts, evaluator, reporter, untilRound } = this.#init
    const epoch = this.#epoch
    if (parts.stage !== 0 || epoch === null || !isMeasured(round, untilRound)) return
    const draw = { beacon: epoch.beacon, run: parts.run.id, stage: 0, round, role: ROLES.evaluator }
    if (rankByHash(draw, parts.seats(0))[0] !== parts.self) return
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
