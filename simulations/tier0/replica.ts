/** Round after round, as node/peer/replica does it: opens on what was certified, carries the end over, catches up. */

import { isPartOf } from '../../consensus/recovery/index.ts'
import { NO_TEMPO, tempoOf } from '../../consensus/round/index.ts'
import {
  type ClipState,
  createClip,
  createPace,
  type ForwardInput,
  type Pace,
  type WorkContext,
  workLimits,
} from '../../consensus/routing/index.ts'
import { Ahead } from '../../node/peer/ahead.ts'
import { type Epoch, isSeated } from '../../node/peer/epoch.ts'
import type { Certified } from '../../node/peer/follow.ts'
import { heardOf, type OtherStages } from '../../node/peer/other-stages.ts'
import { rankOf } from '../../node/peer/rank.ts'
import type { Standing } from '../../node/peer/reformed.ts'
import { type ContextInit, roundContext, workContext } from '../../node/peer/round-context.ts'
import { RoundInbox } from '../../node/peer/round-inbox.ts'
import { firstTip, type Tip } from '../../node/peer/tip.ts'
import { Wishes } from '../../node/peer/wishes.ts'
import { hashHex } from '../../protocols/wire/hash.ts'
import type { Certificate, Hash, PeerName, Signed } from '../../protocols/wire/messages.ts'
import { isRefusal, refuse } from '../../protocols/wire/refusals.ts'
import { SimCatchUp } from './catch-up.ts'
import { postChanges } from './changes.ts'
import { SimHistory } from './history.ts'
import { holdAgain, holdRestored } from './hold.ts'
import { isCommit } from './labels.ts'
import type { SimPeer } from './peer.ts'
import { restoredTip } from './restore.ts'
import { SimRound, type SimRoundEnd } from './round.ts'
import { SimSpreading } from './spreading.ts'
import { findSecondMachine, resumeSigning, suspendIfStale } from './stale.ts'
import { spawn, type Task, until } from './task.ts'
import { vouch } from './vouch.ts'
import { watch } from './watchdog.ts'

export class SimReplica {
  readonly inbox: RoundInbox<SimRound>
  readonly history: SimHistory
  tip: Tip
  epoch: Epoch | null = null
  readonly #peer: SimPeer
  readonly #spreading: SimSpreading
  readonly #catchUp: SimCatchUp
  #clip: ClipState
  pace: Pace
  #tempo = NO_TEMPO
  #parked: readonly ForwardInput[] = []
  #isCatchingUp = false
  #isFinished = false
  #isFirst = true
  /** It has no seat in the epoch of the next round. */
  #isFollowing = false
  #hadSeat: boolean | null = null
  /** The last round whose outcome it showed as a candidate. */
  #shown = 0
  readonly #wishes: Wishes
  readonly #others: OtherStages

  constructor(peer: SimPeer) {
    this.#peer = peer
    this.#spreading = new SimSpreading(peer)
    const { world } = peer
    const { members } = world
    this.#others = {
      ...peer.tips.besides(peer.stage),
      isPassedOver: round =>
        members.change && members.isPassedOver(round, world.newestEpoch(peer.chain.finalized.height)),
    }
    const start = world.start
    this.tip = firstTip(peer.engine.fullRoot(), start)
    const { optimizer, stages } = world.run.manifest
    this.#clip = createClip(optimizer.backwardClip)
    this.pace = createPace(workLimits(stages).window)
    const ahead = new Ahead(() => (this.epoch ?? world.epoch(0)).groups[peer.stage]?.faults ?? 0)
    this.history = new SimHistory(peer)
    this.tip = this.history.settled(restoredTip(peer, this.tip, this.history))
    world.noteRestored(peer, this.tip.round, hashHex(this.tip.state))
    this.inbox = new RoundInbox<SimRound>({
      round: this.tip.round + 1,
      onLate: (from, round) => this.#spreading.answerLate(from, round),
      onAhead: from => {
        if (ahead.note(from, this.inbox.round)) this.fallBehind()
      },
    })
    this.#catchUp = new SimCatchUp(peer, this)
    this.#wishes = new Wishes({
      self: peer.name,
      stage: peer.stage,
      membership: { roster: number => peer.world.knownEpoch(number)?.roster ?? null },
      onWish: (round, wish) => {
        const { current } = this.inbox
        if (current !== null && (round === null || round === current.round)) current.input({ type: 'wish', wish })
      },
    })
  }

  /** As the shipped peer (node/peer/compose): before its first round it takes what siblings have certified meanwhile. */
  start(): void {
    const peer = this.#peer
    const { life } = peer
    const begin = (): void => {
      this.#isCatchingUp = false
      this.#openNext()
      watch(peer, this)
    }
    this.#catchUpWith(false, () => {
      this.#isCatchingUp = true
      spawn(suspendIfStale(peer), () => peer.life === life, begin)
    })
  }

  stop(): void {
    this.inbox.stop(new Error('this peer stops'))
  }

  /** What the recoveries of the stage mean for the own history, as far as they are known here. */
  get standing(): Standing {
    return this.history.standing(this.tip)
  }

  /** At the base of a recovery the history goes on with the round that it resumes with. */
  *settle(): Task<void> {
    const { chain, world } = this.#peer
    for (let now = this.standing; now.type === 'base'; now = this.standing) {
      const height = world.epochStart(now.recovery.epoch)
      yield* until<void>(resume => chain.whenFinal(height, resume))
      this.tip = this.history.settled(this.tip)
    }
  }

  /** The stage was re-formed: the round in progress is not its next one. */
  onFinalized(): void {
    if (!this.#peer.world.members.change || this.epoch === null) return
    this.lookAtOthers()
    const now = this.standing
    // Nobody of the stage can tell that it is ahead: who keeps its checkpoint is asked (node/peer/follower looks now and then).
    if (!this.#goesOn || (now.type === 'before' && now.recovery.keepers.length > 0)) this.fallBehind()
  }

  get #goesOn(): boolean {
    const now = this.standing.type
    return now === 'on' || now === 'before'
  }

  /** The round's end: what was certified becomes the state. */
  conclude(run: SimRound, end: SimRoundEnd): void {
    const peer = this.#peer
    if (this.inbox.current !== run) return
    // Certified by the group of before, after the stage was re-formed from this round or an earlier one.
    if (!this.#goesOn) {
      this.fallBehind()
      return
    }
    const certified = this.history.follow(end.certificate, this.tip)
    if (isRefusal(certified)) throw new Error(`the round's own certificate: ${certified.detail ?? certified.refused}`)
    this.#tempo = tempoOf(run.state)
    const { parked, clip, pace } = run.endWork()
    this.#parked = parked
    if (clip !== null) this.#clip = clip
    if (pace !== null) this.pace = pace
    this.inbox.close(certified.tip.round + 1)
    const partitions = end.next === 'promote' ? run.executed : null
    if (end.next === 'promote') peer.engine.promote()
    this.advance(end.certificate, certified, partitions, end.next, end.view)
    this.#wishes.certified(run.round, certified.verified.outcomes)
    postChanges(peer, end.certificate)
    resumeSigning(this.#peer, this, certified.verified)
    this.#spreading.spread(end.certificate, rankOf(certified.verified.signers, peer.name), run.round)
    peer.anchors.post(certified.tip)
    if (end.next === 'adopt') this.fallBehind(true)
    else this.#openNext()
  }

  /**
   * The tip and the disk move on by one certified round.
   * @param next - 'pass': only its certificate is taken, on the way to the snapshot of a later one
   */
  advance(
    certificate: Certificate,
    certified: Certified,
    partitions: readonly Uint8Array[] | null,
    next: SimRoundEnd['next'] | 'pass',
    view: number,
  ): void {
    const peer = this.#peer
    const { round } = certified.tip
    findSecondMachine(peer, certified.verified)
    this.tip = certified.tip
    peer.tips.note(peer.stage, round)
    peer.journal.store({ kind: 'round', certificate, certified, partitions })
    const { fullRoot } = certified.verified.outcome
    if (fullRoot !== null && next !== 'adopt' && next !== 'pass')
      peer.journal.store({ kind: 'snapshot', round, fullRoot, state: peer.engine.exportState() })
    peer.journal.decided(certificate.value.scope)
    if (peer.recoveries.some(({ resume }) => resume <= round)) peer.world.recorder.reached('stage-resumed', peer.index)
    peer.world.tell.certified(peer, certificate, certified, next === 'pass' ? 'keep' : next, view)
  }

  /** By gossip or from a sibling. */
  onCertificate(from: PeerName, certificate: Certificate, hashes: readonly Hash[] | null): void {
    const peer = this.#peer
    const { scope } = certificate.value
    const isOwn = scope.stage === peer.stage
    if (!isOwn && peer.tips.newest(scope.stage) >= scope.round) return
    const verified =
      isOwn && !isPartOf(scope, peer.recoveries)
        ? refuse('stale-record', 'the stage was re-formed')
        : peer.world.verify(certificate)
    if (isRefusal(verified)) {
      peer.tell.refused(verified.refused, from, `certificate: ${verified.detail ?? ''}`)
      return
    }
    if (!isOwn) {
      peer.keeper.certified(certificate, verified)
      this.noteOther(scope.stage, scope.round)
      return
    }
    this.#spreading.saw(scope.round)
    const { current, round } = this.inbox
    if (scope.round > round) this.fallBehind()
    else if (scope.round === current?.round) current.certificate(certificate, verified, hashes)
    else if (this.#isFollowing && scope.round > this.tip.round) this.fallBehind()
  }

  /** Another stage has certified this round. */
  noteOther(stage: number, round: number): void {
    if (this.#peer.tips.note(stage, round)) this.lookAtOthers()
  }

  /** How far the other stages are, for the round in progress. */
  lookAtOthers(): void {
    const { current } = this.inbox
    if (current === null) return
    heardOf(this.#others, current)
    if (current.work?.isAtRest !== false) this.#peer.tips.isDeaf(current.round)
  }

  /** Siblings are further. @param afresh - the own state is not to be trusted */
  fallBehind(afresh = false): void {
    if (this.#isCatchingUp) return
    this.#isCatchingUp = true
    this.#peer.after(0, () => {
      this.inbox.abandon(this.tip.round + 1, new Error('behind its siblings'))
      this.#parked = []
      this.#catchUpWith(afresh, () => this.#openNext())
    })
  }

  #catchUpWith(afresh: boolean, done: () => void): void {
    this.#isCatchingUp = true
    this.#catchUp.run(afresh, by => {
      this.#isCatchingUp = false
      this.inbox.abandon(this.tip.round + 1, new Error('caught up'))
      if (by !== 'nothing') this.#peer.tell.synced(this.tip.round, by)
      done()
    })
  }

  get isFinished(): boolean {
    return this.#isFinished
  }

  get isCatchingUp(): boolean {
    return this.#isCatchingUp
  }

  #openNext(): void {
    const { world, index } = this.#peer
    if (!this.#isFinished && this.tip.round >= world.scenario.workload.rounds) {
      this.#isFinished = true
      world.noteFinished(index)
    }
    // Siblings are answered, and the state is served; nothing more is trained.
    if (!this.#isFinished) this.#open()
  }

  #open(): void {
    const peer = this.#peer
    const now = this.standing.type
    if (now === 'left') {
      // As a process that takes its place anew, from its disk.
      peer.world.recorder.reached('history-left', peer.index)
      peer.restart('none')
      return
    }
    if (now === 'base') {
      this.fallBehind()
      return
    }
    const number = peer.world.epochOf(this.tip.reference.height)
    peer.chain.whenFinal(peer.world.epochHeight(number), () => {
      if (!this.#isCatchingUp && this.inbox.current === null) this.#openIn(peer.world.epoch(number))
    })
  }

  #openIn(epoch: Epoch): void {
    const peer = this.#peer
    const { world, journal, stage, name: self } = peer
    this.epoch = epoch
    const hadSeat = this.#hadSeat
    this.#isFollowing = !isSeated(epoch, self, stage)
    this.#hadSeat = !this.#isFollowing
    if (hadSeat !== null && hadSeat !== this.#hadSeat)
      world.recorder.reached(hadSeat ? 'seat-given-up' : 'seat-taken', peer.index)
    if (this.#isFollowing) {
      this.#show()
      return
    }
    const next = { round: this.tip.round + 1, epoch: epoch.number }
    const restored = journal.restored(world.run.id, stage, next)
    const signs = journal.suspended === null
    const { partitions } = world.bench
    const base = { run: world.run, stage, self, signs, partitions, tip: this.tip, epoch }
    const made = roundContext(base, this.#tempo)
    const context = { ...made, scope: world.sharedScope(made.scope) }
    const { round } = context.scope
    const own = restored?.messages.find(isCommit)
    const isWorking = signs && own === undefined
    peer.holdings.advance(round)
    peer.commits.advance(round)
    peer.signatures.advance(round)
    if (own !== undefined) peer.commits.note(own)
    if (own !== undefined && journal.ownCommit?.round === round) holdAgain(peer, own, journal.ownCommit.partitions)
    if (this.#isFirst) holdRestored(peer, round)
    this.#isFirst = false
    if (restored !== null) {
      world.recorder.reached('round-restored', peer.index)
      peer.pen.restored(restored.messages)
    }
    const work = isWorking ? this.#workContext(base) : null
    const run = new SimRound({ peer, context, work, restored, clip: this.#clip })
    const at = { atMs: world.time.nowMs, peer: peer.index, stage, round }
    world.recorder.emit({ type: 'round.opened', ...at })
    peer.behaviour?.opened?.(round)
    this.inbox.open(run)
    peer.tips.begins(round)
    // What came before this round was opened, or opened again, is acknowledged now (node/peer/keep-held).
    for (const { id } of journal.heldSince(round))
      if (id.round === round && peer.holdings.partition(id) !== null)
        run.input({ type: 'stored', author: id.author, root: id.root, partition: id.partition })
    run.start(this.#parked, world.unreachableFrom(peer), this.tip.round === 0)
    this.#parked = []
    this.lookAtOthers()
    const head = peer.chain.finalized
    run.input({ type: 'finalized', height: head.height, hash: head.hash })
    if (world.members.change) for (const wish of this.#wishes.forRound(context)) run.input({ type: 'wish', wish })
    this.giveUp()
  }

  /** A message that is no business of the round's machine: what a candidate shows, and who leaves. */
  takesWish(signed: Signed): boolean {
    // Where nobody can come, nobody goes.
    if (!this.#peer.world.members.change) return signed.payload.kind === 'leave'
    return this.#wishes.take(signed)
  }

  /** LEAVE, where this peer leaves and has a seat yet. */
  giveUp(): void {
    const peer = this.#peer
    const run = this.inbox.current
    if (!peer.isLeaving || run === null) return
    const signed = peer.key.sign({ kind: 'leave', scope: run.context.scope } as const)
    peer.broadcast(peer.siblings, signed, [])
    this.takesWish(signed)
  }

  /** Without a seat. */
  #show(): void {
    const { journal } = this.#peer
    const stored = journal.rounds.get(this.tip.round)
    if (stored === undefined || this.tip.round <= this.#shown) return
    this.#shown = this.tip.round
    const { verified } = stored.certified
    if (journal.suspended !== null) resumeSigning(this.#peer, this, verified)
    else vouch(this.#peer, verified.outcome)
  }

  #workContext(base: ContextInit): WorkContext {
    const context = workContext(base, { pace: this.pace, references: new Map() }, this.#tempo)
    const { hedges } = this.#peer.world.scenario.workload
    return hedges === undefined ? context : { ...context, limits: { ...context.limits, hedges } }
  }
}
