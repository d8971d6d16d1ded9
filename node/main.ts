/** The only composition root: one peer of a run, from its data folder to its last round. */
import { join } from 'node:path'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { Chain } from '../consensus/chain/types.ts'
import { discovery, recordBook, recordCodec } from '../protocols/discovery/index.ts'
import { encodeClose, gossip } from '../protocols/gossip/index.ts'
import type { Certificate, Hash, PeerName } from '../protocols/wire/messages.ts'
import { isRefusal } from '../protocols/wire/refusals.ts'
import { ExitError } from './cli/exit.ts'
import type { Corpus } from './data/index.ts'
import type { EventBus } from './events/bus.ts'
import type { StartPhase } from './events/types.ts'
import { loadPeerKey } from './identity/index.ts'
import { createNetwork, fileStorage } from './network/index.ts'
import { Ahead } from './peer/ahead.ts'
import { Anchorer } from './peer/anchorer.ts'
import { Candidates } from './peer/candidates.ts'
import { CatchUp } from './peer/catch-up.ts'
import { CertificateBook } from './peer/certificate-book.ts'
import { Connected } from './peer/connected.ts'
import { digestOf } from './peer/digest.ts'
import { Evaluator } from './peer/evaluator.ts'
import { EvidenceLog } from './peer/evidence-log.ts'
import { GossipDoor } from './peer/gossip-door.ts'
import { History } from './peer/history.ts'
import { LateAnswers } from './peer/late-answers.ts'
import { logEvents } from './peer/log.ts'
import { Membership } from './peer/membership.ts'
import { PushedAggregates } from './peer/pushed-aggregates.ts'
import { Replica } from './peer/replica.ts'
import { Reporter } from './peer/reporter.ts'
import { restoreState } from './peer/restore.ts'
import { RoundBell } from './peer/round-bell.ts'
import { RoundClock } from './peer/round-clock.ts'
import { RoundInbox } from './peer/round-inbox.ts'
import type { RoundRun } from './peer/round-run.ts'
import { SeenCommits } from './peer/seen-commits.ts'
import { openServices } from './peer/services.ts'
import { openDisk, openEngine } from './peer/stage-disk.ts'
import { suspendIfStale } from './peer/stale.ts'
import { makeSystem } from './peer/system.ts'
import { TensorStore } from './peer/tensors.ts'
import type { PeerParts } from './peer/types.ts'
import { Watchdog } from './peer/watchdog.ts'
import { openChain } from './run/chain.ts'
import { IDENTITY_FILE, type Run, writeSeat } from './run/folder.ts'

export interface PeerInit {
  readonly run: Run
  readonly folder: string
  readonly chainUrl: string
  /** Secret URI of the chain account. */
  readonly account: string
  readonly listen: readonly string[]
  readonly bootstrap: readonly string[]
  readonly corpus: Corpus
  readonly threads: number
  /** Trains up to this round, then only serves; null: until stopped. */
  readonly untilRound: number | null
  readonly bus: EventBus
  /** Stops the peer: it flushes, and `runPeer` resolves. */
  readonly signal: AbortSignal
}

/** Rejects with an `ExitError` where the peer cannot take part; with anything else where there is a bug. */
export async function runPeer(init: PeerInit): Promise<void> {
  const endLog = logEvents(init.bus, init.folder)
  const privateKey = await loadPeerKey(join(init.folder, IDENTITY_FILE))
  const chain = await openChain({
    url: init.chainUrl,
    account: init.account,
    manifest: init.run.manifest,
    signal: init.signal,
  })
  try {
    await runSeat(init, privateKey, chain)
  } catch (error) {
    if (!init.signal.aborted) throw error
  } finally {
    await chain.close()
    endLog()
  }
}

async function runSeat(init: PeerInit, privateKey: PrivateKey, chain: Chain): Promise<void> {
  const { run, folder, corpus, bus } = init
  const { manifest } = run
  const self = peerIdFromPrivateKey(privateKey).toString()
  const { clock, random } = makeSystem()
  const timed = async <Result>(phase: StartPhase, work: () => Promise<Result>): Promise<Result> => {
    const beganMs = clock.nowMs()
    const result = await work()
    bus.emit('start.phase', { phase, ms: clock.nowMs() - beganMs })
    return result
  }
  // One signal for everything that runs on its own: it fires with the caller's, or with the first fatal error.
  const fatal = new AbortController()
  const signal = AbortSignal.any([init.signal, fatal.signal])
  const membership = await timed('seats', () => Membership.load(chain, run, signal))
  const stage = seatOf(membership, run, self)
  writeSeat(folder, stage)
  const firstEpoch = await membership.epoch(0, signal)
  const group = firstEpoch.groups[stage]!
  const reporter = new Reporter({
    bus,
    clock,
    stage,
    stages: manifest.stages,
    evidence: new EvidenceLog(join(folder, 'evidence.jsonl')),
  })
  const warn = (message: string) => reporter.warning(message)
  const [engine, disk] = await Promise.all([
    openEngine(run, stage, init.threads, error => fatal.abort(error)),
    openDisk(folder, run, stage, self, privateKey),
  ])
  const { journal, store } = disk
  const history = new History(membership, run, stage)
  const stageState = await restoreState({ run, stage, folder, engine, store, journal, history, membership, signal })

  const bell = new RoundBell()
  const ahead = new Ahead(group.faults)
  const times = new RoundClock(() => clock.nowMs())
  const commits = new SeenCommits()
  const inbox = new RoundInbox({
    round: stageState.tip.round + 1,
    onLate: (from, round) => late.answer(from, round).catch(error => warn(`answering ${from}: ${String(error)}`)),
    onAhead(from) {
      if (ahead.note(from, inbox.round)) replica.fallBehind()
    },
  })
  const epochNow = () => replica.epoch?.number ?? membership.epochOf(stageState.tip.reference.height)
  const book = new CertificateBook({
    run,
    stage,
    membership,
    store,
    epoch: epochNow,
    signal,
    onStored(_, verified) {
      reporter.loss(verified)
      if (book.othersReached(stageState.tip.round)) inbox.current?.work?.pipelineReady()
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
  const connected = new Connected({
    self,
    stage,
    stages: manifest.stages,
    clock,
    seats: other => membership.seats(other),
    quorum: group.quorum,
    onChange: (peer, isConnected) => inbox.reachable(peer, isConnected),
    onWaiting: text => reporter.waiting(text),
  })

  const codec = recordCodec(privateKey)
  let isAnnounced = false
  const onRefused = (reason: Parameters<Reporter['refused']>[0], peer: PeerName | null) =>
    reporter.refused(reason, peer ?? '')
  const records = recordBook({ run: run.id, stages: manifest.stages, seats: membership, codec, onRefused })
  const network = await createNetwork({
    privateKey,
    listen: init.listen,
    bootstrap: init.bootstrap,
    profile: 'local',
    datastoreDir: join(folder, 'addresses'),
    records: records.rules,
    clock,
    random,
    signal,
    onEvent(event) {
      connected.take(event)
      if (isAnnounced && event.type === 'disconnected') peers.wake()
      if (isAnnounced && event.type === 'addresses')
        peers.announce(stage, event.addresses).catch(error => warn(`announcing addresses: ${String(error)}`))
      if (event.type === 'isolated') warn(`no peer answers yet (${event.attempts} attempts): ${event.lastError}`)
    },
  })
  const door = new GossipDoor({
    run,
    stage,
    seats: other => membership.seats(other),
    inbox,
    book,
    record: (envelope, context) => peers.accept(envelope, context),
    clock,
    signal,
    onOwnStage: certificate => onOwnStage(certificate, null),
    onWarning: warn,
  })
  const spread = gossip({
    run: run.id,
    genesis: manifest.chain.genesis,
    stages: manifest.stages,
    policy: door.policy,
    handlers: door.handlers,
    onRefused,
    onMisbehaving: (peer, rejected) =>
      void network.deny(peer, `it forwarded ${rejected} messages that nobody may send`),
  })({ pubsub: network.components.pubsub, clock })
  door.connect(spread)
  const peers = discovery(
    {
      run: run.id,
      stages: manifest.stages,
      seats: membership,
      ephemeral: false,
      needed: () => Array.from({ length: manifest.stages }, (_, other) => other),
      dial: async (peer, addresses, dialSignal) => {
        await network.dialPeer(peer, { addresses, signal: dialSignal })
      },
      publish: async (of, envelope) => {
        const sent = await spread.publish(of, 'record', envelope)
        return isRefusal(sent) ? 0 : sent
      },
      onRefused,
    },
    records,
  )({ ...network.components, clock, random, codec, storage: fileStorage(join(folder, 'records')) })

  const policyInit = {
    run,
    stage,
    self,
    membership,
    shape: engine.shape,
    commits,
    candidates: new Candidates(membership, engine.shape.partitions),
    store,
    round: () => inbox.round,
    epoch: epochNow,
  }
  const pushed = new PushedAggregates(clock)
  const services = openServices({
    ...policyInit,
    network,
    clock,
    random,
    digest: digestOf,
    inbox,
    book,
    pushed,
    stageState,
    evaluator,
    onOwnStage: (certificate, hashes) => onOwnStage(certificate, hashes),
    onRefused,
  })
  evaluator.connect(services.evaluation)
  const parts: PeerParts = {
    run,
    self,
    stage,
    tokensPerMicroBatch: manifest.batch.sequences * manifest.model.sequence,
    corpus,
    engine,
    journal,
    agreement: services.agreement,
    reduce: services.reduce,
    activations: services.activations,
    gossip: spread,
    chain,
    clock,
    digest: digestOf,
    times,
    pushed,
    tensors: new TensorStore(),
    seats: other => membership.seats(other),
    spreadClose: bundle => void spread.publish(0, 'close', encodeClose(bundle)),
    warn,
    timesTaken: (round, taken) => bus.emit('round.times', { stage, round, times: taken }),
    synced: (round, by) => bus.emit('synced', { stage, round, by }),
  }
  const anchorer = new Anchorer({
    chain,
    clock,
    run: run.id,
    stage,
    fromHeight: membership.start.height,
    signal,
    onAnchored: ({ stage: of, fromRound, toRound, block }) =>
      bus.emit('round.anchored', { stage: of, from: fromRound, to: toRound, block: block.height }),
    onWarning: warn,
  })
  const catchUp = new CatchUp({
    stage,
    partitions: engine.shape.partitions,
    stateBytes: (await engine.exportState({ signal })).length,
    state: services.state,
    stageState,
    store,
    history,
    siblings: () => connected.of(stage),
    onProgress: (round, target) => reporter.waiting(`round ${round} of ${target} is taken from siblings`),
  })
  const replica: Replica = new Replica({
    parts,
    membership,
    stageState,
    history,
    book,
    inbox,
    commits,
    catchUp,
    anchorer,
    evaluator,
    reporter,
    untilRound: init.untilRound,
    unreachable: () => connected.unreachable(),
    spread: (encoded, rank, round) => {
      bell.ring()
      door.spread(encoded, rank, round).catch(() => undefined)
    },
    onFinished: round => bus.emit('run.finished', { round }),
  })

  const late = new LateAnswers({ stage, store, agreement: services.agreement, digest: digestOf, clock })
  const onOwnStage = (certificate: Certificate, hashes: readonly Hash[] | null): void => {
    const { round } = certificate.value.scope
    if (round > inbox.round) replica.fallBehind()
    else if (round === inbox.current?.round) void giveCertificate(book, inbox.current, certificate, hashes)
  }
  const watchdog = new Watchdog({
    clock,
    stage,
    stages: manifest.stages,
    state: services.state,
    book,
    connected: other => connected.of(other),
    round: () => inbox.round,
    onMissed(certificate, isFar) {
      if (isFar) replica.fallBehind()
      else onOwnStage(certificate, null)
    },
    onWarning: warn,
  })
  const stopWatching = chain.onFinalized(head => inbox.current?.finalized(head.height, head.hash))
  try {
    spread.start()
    await Promise.all(Object.values(services).map(service => service.start()))
    services.agreement.setSiblings(membership.seats(stage).filter(peer => peer !== self))
    await peers.start()
    await peers.announce(stage, network.addresses())
    isAnnounced = true
    bus.emit('peer.ready', { peer: self, stage, pid: process.pid, addresses: network.addresses() })
    await timed('dial', () => connected.enough(signal))
    await timed('sync', () => catchUp.run(signal))
    reporter.waiting('')
    const stale = await suspendIfStale({ chain, run: run.id, stage, start: membership.start, journal, signal })
    if (stale !== null) warn(`this peer follows without signing for now: its journal is ${stale}`)
    if (stageState.tip.round > 0) bus.emit('synced', { stage, round: stageState.tip.round, by: 'local' })
    void watchdog.run(signal)
    await replica.run(signal)
    if (fatal.signal.aborted) throw fatal.signal.reason
  } finally {
    stopWatching()
    anchorer.stop()
    spread.stop()
    await inOrder(warn, [
      () => peers.stop(),
      ...Object.values(services).map(service => () => service.stop()),
      async () => bus.emit('traffic', { peer: self, sentBytes: network.bytes().byKind }),
      () => network.stop(),
      () => engine.dispose(),
      () => stageState.flush(),
      () => store.close(),
      () => journal.close(),
    ])
  }
}

/** Every part is stopped, whatever happens to the others. */
async function inOrder(warn: (message: string) => void, steps: readonly (() => Promise<void>)[]): Promise<void> {
  for (const step of steps) {
    await step().catch(error => warn(`stopping: ${error instanceof Error ? error.message : String(error)}`))
  }
}

/** The certificate's envelopes are opened and checked before the machine sees them. */
async function giveCertificate(
  book: CertificateBook,
  run: RoundRun,
  certificate: Certificate,
  hashes: readonly Hash[] | null,
): Promise<void> {
  const verified = await book.verify(certificate)
  if (!isRefusal(verified)) run.certificate(certificate, verified, hashes)
}

function seatOf(membership: Membership, { id, manifest }: Run, self: PeerName): number {
  const stage = membership.stageOf.get(self)
  if (stage !== undefined) return stage
  throw new ExitError(
    'refused',
    `peer ${self} has no seat in run ${id}: block ${manifest.chain.startHeight} shows no bond of at least ${manifest.stake.floor} for it`,
    'swarm-node bond --run <manifest> --chain <url> --data <folder>, for a run that has not started yet',
  )
}
