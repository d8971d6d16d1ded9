/** Joins the parts of a peer that holds a stage, or follows one: who hears what from whom. Decides nothing. */

import { encodeClose } from '../../protocols/gossip/index.ts'
import { MAX_SEATS } from '../../protocols/wire/constants.ts'
import type { Certificate, Hash } from '../../protocols/wire/messages.ts'
import { Ahead } from './ahead.ts'
import { Candidates } from './candidates.ts'
import type { CatchUp } from './catch-up.ts'
import { CertificateBook } from './certificate-book.ts'
import { ChangesPoster } from './changes-poster.ts'
import { joinAnchors } from './compose-anchors.ts'
import { joinCatchUp } from './compose-catch-up.ts'
import { openKeeper } from './compose-keeper.ts'
import { watchLeases } from './compose-leases.ts'
import type { StageEnd } from './compose-stage.ts'
import { Connected } from './connected.ts'
import type { PeerInit, WatchedEnvironment } from './environment.ts'
import { isSeated } from './epoch.ts'
import { Evaluator } from './evaluator.ts'
import { Follower } from './follower.ts'
import { giveCertificate } from './give-certificate.ts'
import type { Keeper } from './keeper.ts'
import { KeyWatch } from './key-watch.ts'
import { LateAnswers } from './late-answers.ts'
import type { LeaseWatch } from './lease-watch.ts'
import { Mover } from './mover.ts'
import { heardOf } from './other-stages.ts'
import { openOverlay } from './overlay.ts'
import type { PauseRequest } from './pause-request.ts'
import type { Places } from './places.ts'
import { PushedAggregates, pushPatienceMs } from './pushed-aggregates.ts'
import { Replica } from './replica.ts'
import { RoundBell } from './round-bell.ts'
import { RoundClock } from './round-clock.ts'
import { RoundInbox } from './round-inbox.ts'
import type { Seat } from './seat.ts'
import { SeenCommits } from './seen-commits.ts'
import { SeenSignatures } from './seen-signatures.ts'
import { openServices, type Services } from './services.ts'
import { Standing } from './standing.ts'
import { stopStage } from './stop-stage.ts'
import { TensorStore } from './tensors.ts'
import type { PeerParts } from './types.ts'
import { isOvertaken, Watchdog } from './watchdog.ts'
import { Wishes } from './wishes.ts'

export interface Joined {
  readonly agreement: Services['agreement']
  readonly connected: Connected
  readonly catchUp: CatchUp
  readonly watchdog: Watchdog
  readonly keyWatch: KeyWatch
  start(): Promise<void>
  /** Follows until there is a seat, then takes part, until told to stop or the place is gone. */
  run(signal: AbortSignal, pausing: PauseRequest): Promise<StageEnd>
  stop(): Promise<void>
}

export async function joinStage(
  init: PeerInit,
  environment: WatchedEnvironment,
  seat: Seat,
  places: Places,
  signal: AbortSignal,
): Promise<Joined> {
  const { run, bus, corpus } = init
  const { chain, clock, random, digest } = environment
  const { self, stage, membership, history, engine, journal, store, stageState, reporter } = seat
  const { stages, batch, model } = run.manifest
  const warn = (message: string) => reporter.warning(message)
  const bell = new RoundBell()
  const commits = new SeenCommits()
  const signatures = new SeenSignatures()
  const pushed = new PushedAggregates(clock, pushPatienceMs(run.manifest.timeouts.reduceMs))
  const standing = new Standing({ self, stage, stages, membership, stageState })
  const { around } = standing
  const epoch = () => standing.epoch
  const ahead = new Ahead(() => standing.groupOf(stage)?.faults ?? 0)
  const wantsToLeave = (): boolean => seat.disk.request() === 'leave'

  const inbox = new RoundInbox({
    round: stageState.tip.round + 1,
    onLate: (from, round) => late.answer(from, round).catch(error => warn(`answering ${from}: ${String(error)}`)),
    onAhead(from) {
      if (ahead.note(from, inbox.round)) replica.fallBehind()
    },
  })
  const book = new CertificateBook({
    run,
    stage,
    membership,
    store,
    epoch,
    signal,
    onStored(of, verified) {
      reporter.loss(verified)
      mover.certified(of, verified.value.scope.round)
      keeper?.certified(of, verified)
      // That stage is in the epoch of this block now, and its tensors name it.
      const next = membership.epochOf(verified.value.reference.height)
      membership
        .epoch(next, signal)
        .catch(error => (signal.aborted ? undefined : warn(`epoch ${next}: ${String(error)}`)))
      if (inbox.current !== null) heardOf(book, inbox.current)
    },
  })
  /** The network is up before there are rounds, and what is kept. */
  let keeper: Keeper | null = null
  let onGone = (): void => undefined
  const connected: Connected = new Connected({
    self,
    stage,
    stages,
    clock,
    seats: other => standing.seats(other),
    around: other => around.seats(other),
    quorum: () => standing.quorum,
    onChange(peer, isConnected) {
      inbox.reachable(peer, isConnected)
      if (!isConnected) onGone()
      reporter.lacking(connected.missing())
    },
    onWaiting: text => reporter.waiting(text),
  })
  const wishes = new Wishes({
    self,
    stage,
    membership,
    onWish(round, wish) {
      const current = inbox.current
      if (current !== null && (round === null || round === current.round)) current.wish(wish)
      if (wish.change.act === 'pause') replica.lookAtPause()
    },
  })
  const evaluator = new Evaluator({
    run,
    stage,
    corpus,
    engine,
    nextStage: () => connected.of(stage + 1),
    round: () => stageState.tip.round,
    nextRound: waitSignal => bell.wait(waitSignal),
  })
  const onOwnStage = (certificate: Certificate, hashes: readonly Hash[] | null): void => {
    const { round } = certificate.value.scope
    follower.wake(round)
    if (round > inbox.round) replica.fallBehind()
    else if (round === inbox.current?.round) void giveCertificate(book, inbox, certificate, hashes)
  }
  const overlay = await openOverlay({
    init,
    environment,
    seat,
    inbox,
    book,
    connected,
    around,
    movesTo: () => mover.to,
    onOwnStage: certificate => onOwnStage(certificate, null),
    signal,
  })
  const { network, gossip, door } = overlay
  const services = openServices({
    run,
    stage,
    self,
    membership,
    around,
    shape: engine.shape,
    commits,
    signatures,
    candidates: new Candidates(membership, engine.shape.partitions),
    store,
    round: () => inbox.round,
    network,
    clock,
    random,
    digest,
    inbox,
    wishes,
    book,
    pushed,
    stageState,
    journal,
    evaluator,
    ...(init.sync === undefined ? {} : { sync: init.sync }),
    kept: () => keeper?.kept ?? null,
    onOwnStage,
    onRefused: (reason, peer) => reporter.refused(reason, peer),
  })
  evaluator.connect(services.evaluation)
  door.fetchBy(services.state)
  keeper = await openKeeper(init, environment, seat, services.state, connected)
  const honest: PeerParts = {
    run,
    self,
    stage,
    tokensPerMicroBatch: batch.sequences * model.sequence,
    corpus,
    engine,
    journal,
    agreement: services.agreement,
    reduce: services.reduce,
    activations: services.activations,
    gossip,
    chain,
    clock,
    digest,
    times: new RoundClock(() => clock.nowMs()),
    pushed,
    tensors: new TensorStore(),
    inbox,
    seats: other => around.seats(other),
    spreadClose: bundle => void gossip.publish(0, 'close', encodeClose(bundle)),
    mayVote: () => leases.mayVote,
    warn,
    timesTaken: (round, times) => bus.emit('round.times', { stage, round, times }),
    certified: (context, { verified }, next) => reporter.certified(context, verified, next),
    synced: (round, by) => bus.emit('synced', { stage, round, by }),
  }
  const parts = environment.wrapParts?.(honest) ?? honest
  const keyWatch = new KeyWatch({ self, journal: parts.journal, random, reporter })
  const { anchorer, pruner, anchors } = joinAnchors(init, environment, seat, signal)
  const catchUp = joinCatchUp(seat, {
    run,
    state: services.state,
    connected,
    anchors,
    onCertificate: certificate => keyWatch.learned(certificate),
    onProgress: (round, target) => reporter.waiting(`round ${round} of ${target} is taken from siblings`),
  })
  const late = new LateAnswers({ stage, store, agreement: services.agreement, digest, clock })
  const replica: Replica = new Replica({
    parts,
    membership,
    stageState,
    history,
    book,
    inbox,
    commits,
    signatures,
    keyWatch,
    catchUp,
    wishes,
    poster: new ChangesPoster({ chain, clock, run, membership, signal, onWarning: warn }),
    wantsToLeave,
    canGoOn: () => connected.missing() === '',
    anchorer,
    evaluator,
    reporter,
    untilRound: init.untilRound,
    unreachable: () => connected.unreachable(),
    onRound() {
      bell.ring()
      pruner.run(stageState.tip.round)
    },
    spread: (encoded, rank, round) => void door.spread(encoded, rank, round).catch(() => undefined),
    onFinished: round => bus.emit('run.finished', { round }),
  })
  standing.inRound = () => replica.epoch?.number ?? null
  onGone = () => replica.lookAtPause()
  const follower: Follower = new Follower({
    run,
    self,
    stage,
    clock,
    journal,
    keyWatch,
    membership,
    stageState,
    history,
    catchUp,
    show(signed) {
      services.agreement.forgetBelow(signed.payload.scope.round)
      services.agreement.broadcast({ signed, attachments: [] })
    },
    onOpen: round => inbox.abandon(round, new Error('this peer follows')),
    onFollowed(round, vouched) {
      reporter.waiting('')
      bus.emit('followed', { stage, round, vouched })
    },
    wantsToLeave,
    warn,
  })
  const mover: Mover = new Mover({
    init,
    environment,
    self,
    stage,
    disk: seat.disk,
    membership,
    services,
    connected,
    seats: other => around.seats(other),
    fits: to => places.fits(to, stage),
    onTarget() {
      setSiblings()
      overlay.discovery.wake()
    },
    onFollowed: (round, vouched) => bus.emit('followed', { stage: mover.to ?? stage, round, vouched }),
    onWarning: warn,
  })
  const watchdog = new Watchdog({
    clock,
    stage,
    stages,
    state: services.state,
    book,
    connected: other => connected.of(other),
    round: () => inbox.round,
    onMissed(certificate, isFar) {
      follower.wake(certificate.value.scope.round)
      const { round, current } = inbox
      const isBehind = isOvertaken({ round, state: current?.state ?? null }, certificate.value.scope.round, isFar)
      if (isBehind) replica.fallBehind()
      else onOwnStage(certificate, null)
    },
    onWarning: warn,
  })
  const leases: LeaseWatch = watchLeases({
    seat,
    run,
    chain,
    bus,
    signal,
    epoch,
    untilRound: init.untilRound,
    isSeated: () => standing.quorum !== null,
    isTakingPart: () => standing.quorum !== null && !replica.isFinished,
    kept: () => keeper?.kept ?? null,
    pace: () => replica.pace,
    round: () => inbox.current,
  })
  const stopWatching = chain.onFinalized(head => {
    inbox.current?.finalized(head.height, head.hash)
    leases.at(head.height)
  })
  leases.at((await chain.finalizedHead({ signal })).height)
  const setSiblings = (): void =>
    services.agreement.setSiblings(
      around
        .seats(stage)
        .filter(peer => peer !== self)
        .slice(0, MAX_SEATS),
      mover.to === null ? [] : around.seats(mover.to).slice(0, MAX_SEATS),
    )
  /** Whom to speak with, and whether to go on at all, may be another matter now. */
  const onEpoch = (): void => {
    setSiblings()
    overlay.discovery.wake()
    follower.wake()
    mover.look()
    if (inbox.current !== null) heardOf(book, inbox.current)
    // The stage was re-formed: the round in progress is not its next one.
    const now = history.standing(stageState.tip).type
    if (replica.epoch !== null && (replica.isGone || now === 'base' || now === 'left')) replica.fallBehind()
  }
  const stopHearing = membership.onRead(onEpoch)
  return {
    agreement: services.agreement,
    connected,
    catchUp,
    watchdog,
    keyWatch,
    async start() {
      await Promise.all(Object.values(services).map(service => service.start()))
      setSiblings()
      await overlay.start()
      mover.look()
      bus.emit('peer.ready', { peer: self, stage, pid: process.pid, addresses: network.addresses() })
    },
    async run(runSignal, pausing) {
      for (;;) {
        const { tip } = stageState
        const next = await membership.epoch(membership.epochOf(tip.reference.height), runSignal)
        // A follower has no work to hand over: it just stops.
        const end = isSeated(next, self, stage)
          ? await pausing.during(
              () => replica.pause(),
              () => replica.run(runSignal),
            )
          : await follower.run(runSignal)
        if (end === 'stopped' || end === 'paused') return end
        if (pausing.isAsked) return 'stopped'
        // It may be that it can sign in the epoch that re-formed its stage: that is looked at when the place is taken.
        if (end !== 'seated' || journal.suspended !== null) return 'moved'
        setSiblings()
      }
    },
    async stop() {
      stopHearing()
      await mover.end()
      await keeper?.end()
      stopWatching()
      anchorer.stop()
      return stopStage(init, seat, overlay, services)
    },
  }
}
