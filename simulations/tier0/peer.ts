import type { Recovery } from '../../consensus/recovery/index.ts'
import type { Epoch } from '../../node/peer/epoch.ts'
import type { RoundInbox } from '../../node/peer/round-inbox.ts'
import { SeenCommits } from '../../node/peer/seen-commits.ts'
import { SeenSignatures } from '../../node/peer/seen-signatures.ts'
import type { Answer, Delivery } from '../../protocols/activations/types.ts'
import { hashValue } from '../../protocols/wire/hash.ts'
import type { Certificate, Hash, PeerName, Settled, Signed } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import type { Behaviour } from '../attackers/types.ts'
import type { SimBlock } from '../kernel/chain.ts'
import { type DiskLoss, SimDisk } from '../kernel/disk.ts'
import { RandomStream } from '../kernel/random.ts'
import { Alarm } from '../kernel/timeline.ts'
import type { PeerShape } from '../scenario/types.ts'
import { SimAnchors } from './anchors.ts'
import { ChainView } from './chain-view.ts'
import { FSYNC_MS, REQUEST_BYTES, SMALL_ANSWER_BYTES, START_MS, STATE_TIMEOUT_MS } from './constants.ts'
import { SimEngine } from './engine.ts'
import { SimGiver } from './giver.ts'
import { newHoldings } from './hold.ts'
import type { PartitionId, SimHoldings } from './holdings.ts'
import { type DiskRecord, SimJournal } from './journal.ts'
import { SimKeeper } from './keeper.ts'
import { isCommit, type Key, openLabels } from './labels.ts'
import { SimLease } from './lease.ts'
import { Pen } from './pen.ts'
import { SimProcessor } from './processor.ts'
import { SimPulls } from './pulls.ts'
import { SimPushes } from './pushes.ts'
import { SimRecords } from './records.ts'
import { SimReplica } from './replica.ts'
import type { SimRound } from './round.ts'
import { SimScatters } from './scatters.ts'
import { bytesOf } from './sizes.ts'
import { SimSpeeds } from './speeds.ts'
import { StageTips } from './stage-tips.ts'
import { type Task, until } from './task.ts'
import { Teller } from './teller.ts'
import { SimTensors } from './tensors.ts'
import type { World } from './world.ts'

export interface SimPeerInit {
  readonly world: World
  readonly index: number
  readonly stage: number
  /** False: it waits to be dealt to a stage, and is not started. */
  readonly isPlaced: boolean
  readonly shape: PeerShape
  readonly key: Key
}

export class SimPeer {
  readonly world: World
  readonly index: number
  readonly name: PeerName
  stage: number
  isPlaced: boolean
  readonly shape: PeerShape
  readonly key: Key
  readonly random: RandomStream
  readonly disk: SimDisk<DiskRecord>
  readonly chain: ChainView
  readonly tell: Teller
  readonly pen: Pen
  behaviour: Behaviour | null = null
  isHonest = true
  /** Number of the process; every callback of an older one is dead. */
  life = 0
  isUp = false
  /** It gives up its seat, in every epoch in which it still has one. */
  isLeaving = false
  /** Faults that keep it down. */
  downs = 0
  /** Rate and offset of the machine's clock: nothing that peers agree on may depend on it. */
  clockRate = 1
  clockOffsetMs = 0

  journal: SimJournal
  engine: SimEngine
  holdings: SimHoldings
  commits: SeenCommits
  signatures: SeenSignatures
  tensors = new SimTensors()
  readonly tips: StageTips
  records: SimRecords
  anchors: SimAnchors
  lease = new SimLease(this)
  speeds = new SimSpeeds(this)
  keeper = new SimKeeper(this)
  readonly processor = new SimProcessor(this)
  readonly pushes = new SimPushes(this)
  readonly pulls = new SimPulls(this)
  readonly scatters = new SimScatters(this)
  readonly gives = new SimGiver(this)
  replica: SimReplica | null = null
  #isPaused = false
  #backlog: (() => void)[] = []

  constructor({ world, index, stage, isPlaced, shape, key }: SimPeerInit) {
    this.world = world
    this.index = index
    this.name = key.name
    this.stage = stage
    this.isPlaced = isPlaced
    this.shape = shape
    this.key = key
    this.random = new RandomStream(world.scenario.seed, `peer/${index}`)
    this.disk = new SimDisk(world.time, FSYNC_MS)
    this.chain = new ChainView(this)
    this.tell = new Teller(this)
    this.pen = new Pen(this)
    this.journal = new SimJournal(this.disk)
    this.engine = new SimEngine(world.bench, stage)
    this.holdings = newHoldings(this)
    this.commits = new SeenCommits()
    this.signatures = new SeenSignatures()
    this.tips = new StageTips(world.tips, world.slotOf(index))
    this.anchors = new SimAnchors(this)
    this.records = new SimRecords(this)
  }

  get nowMs(): number {
    return this.clockOffsetMs + this.world.time.nowMs * this.clockRate
  }

  get siblings(): readonly SimPeer[] {
    return this.world.siblingsOf(this)
  }

  /** How its stage was re-formed, as far as its node shows. */
  get recoveries(): readonly Recovery[] {
    const { members } = this.world
    return members.change ? members.recoveries(this.stage, this.world.newestEpoch(this.chain.finalized.height)) : []
  }

  get inbox(): RoundInbox<SimRound> | null {
    return this.replica?.inbox ?? null
  }

  get epoch(): Epoch | null {
    return this.replica?.epoch ?? null
  }

  // The process.

  /** Dealt to a stage: it begins there with nothing. */
  place(stage: number): void {
    if (this.isPlaced) {
      this.crash()
      this.lose('empty')
    }
    this.stage = stage
    this.isPlaced = true
    const { index, name, isHonest: honest } = this
    this.world.recorder.emit({ type: 'seat', atMs: this.world.time.nowMs, peer: index, stage, name, honest })
    this.start()
  }

  /** Between being started and being there. */
  isStarting = false

  /** Starts the process on what its disk holds. */
  start(delayMs = this.random.next() * START_MS): void {
    const life = ++this.life
    this.isStarting = true
    this.world.time.after(delayMs, () => {
      if (this.life !== life || this.isUp) return
      this.isUp = true
      this.isStarting = false
      this.journal = new SimJournal(this.disk)
      this.engine = new SimEngine(this.world.bench, this.stage)
      this.holdings = newHoldings(this)
      this.commits = new SeenCommits()
      this.signatures = new SeenSignatures()
      this.tensors = new SimTensors()
      this.anchors = new SimAnchors(this)
      this.lease = new SimLease(this)
      this.speeds = new SimSpeeds(this)
      this.chain.restart()
      this.records.announce()
      this.replica = new SimReplica(this)
      this.#noteListening()
      this.tell.process('up')
      this.world.noteReachable(this, true)
      this.replica.start()
    })
  }

  /** kill -9. */
  crash(): void {
    this.isStarting = false
    if (!this.isUp) {
      this.life++
      return
    }
    this.isUp = false
    this.life++
    this.replica?.stop()
    this.replica = null
    this.#isPaused = false
    this.#noteListening()
    this.#backlog = []
    this.pushes.clear()
    this.pulls.clear()
    this.processor.clear()
    this.scatters.clear()
    this.disk.crash(this.random)
    this.tell.process('down')
    this.world.noteReachable(this, false)
  }

  restart(loss: DiskLoss): void {
    this.crash()
    this.lose(loss)
    this.start()
  }

  /** What a restart finds. */
  lose(loss: DiskLoss): void {
    this.disk.lose(loss)
    if (loss !== 'empty') return
    this.tips.forget()
    this.records = new SimRecords(this)
    this.keeper = new SimKeeper(this)
  }

  pause(): void {
    this.#isPaused = true
    this.#noteListening()
  }

  resume(): void {
    this.#isPaused = false
    const backlog = this.#backlog
    this.#backlog = []
    for (const run of backlog) this.post(run)
    this.#noteListening()
  }

  #noteListening(): void {
    this.tips.listens(this.isUp && !this.#isPaused)
  }

  /** Runs in this process now, or when it is resumed; not at all where it is down. */
  post(run: () => void): void {
    if (!this.isUp) return
    if (this.#isPaused) this.#backlog.push(run)
    else run()
  }

  /** The same with the peer itself: who calls it for thousands of peers has one function for all. */
  hear(run: (peer: SimPeer) => void): void {
    if (!this.isUp) return
    if (this.#isPaused) this.#backlog.push(() => run(this))
    else run(this)
  }

  /** In virtual time of this machine's clock; dead with its process. */
  after(delayMs: number, run: () => void): void {
    const { life } = this
    this.world.time.after(delayMs / this.clockRate, () => {
      if (this.life === life) this.post(run)
    })
  }

  /** The same until it is cancelled. */
  alarm(delayMs: number, run: () => void): Alarm {
    const { life } = this
    const alarm = new Alarm(() => {
      if (this.life === life) this.post(run)
    })
    this.world.time.after(delayMs / this.clockRate, alarm)
    return alarm
  }

  /** The same at once where there is nothing to wait for. */
  later(delayMs: number, run: () => void): void {
    if (delayMs <= 0) run()
    else this.after(delayMs, run)
  }

  keepCommit(round: number, root: Hash, partitions: readonly Uint8Array[]): void {
    this.scatters.clear()
    this.journal.store({ kind: 'own-commit', round, partitions })
    for (const [partition, bytes] of partitions.entries())
      this.holdings.hold({ round, author: this.name, root, partition }, bytes)
  }

  // Messages out.

  broadcast(to: readonly SimPeer[], signed: Signed, attachments: readonly Uint8Array[]): void {
    const { payload } = signed
    let bytes = bytesOf(payload)
    const opened = openLabels(attachments)
    for (const { payload: attached } of opened) bytes += bytesOf(attached)
    const round = payload.kind === 'record' ? 0 : payload.scope.round
    const deliver = (target: SimPeer): void => target.onMessage(this, signed, opened)
    for (const target of to) this.world.tellPeer(this, target, payload.kind, round, bytes, deliver)
  }

  sendCertificate(to: PeerName, certificate: Certificate, hashes: readonly Hash[] | null): void {
    const target = this.world.peerOf(to)
    if (target === null) return
    const bytes = (certificate.outcomes.length + certificate.commits.length) * 500
    const { round } = certificate.value.scope
    this.world.send(this, target, 'certificate', round, bytes, 'control', () =>
      target.onCertificate(this, certificate, hashes),
    )
  }

  /** A request and its answer; null where none comes in time, or the other has nothing. */
  *ask<T>(
    to: PeerName,
    kind: string,
    bytes: number,
    handle: (target: SimPeer) => T | null,
    timeoutMs = STATE_TIMEOUT_MS,
  ): Task<T | null> {
    const target = this.world.peerOf(to)
    if (target === null || !target.isUp || target === this) return null
    return yield* until<T | null>(resume => {
      this.after(timeoutMs, () => resume(null))
      this.world.send(this, target, kind, 0, REQUEST_BYTES, 'control', () => {
        const answer = handle(target)
        const size = answer === null ? REQUEST_BYTES : bytes
        const traffic = size > SMALL_ANSWER_BYTES ? 'bulk' : 'control'
        this.world.send(target, this, `${kind}-answer`, 0, size, traffic, () => resume(answer))
      })
    })
  }

  // Messages in.

  onMessage(from: SimPeer, signed: Signed, attachments: readonly Signed[]): void {
    const { inbox, replica } = this
    if (inbox === null || replica === null) return
    // Most say what they signed themselves: looking up one of thousands costs more than the rest.
    const isSibling = signed.signer === from.name ? this.#isWith(from) : this.isSibling(signed.signer)
    if (!isSibling || this.behaviour?.hears !== undefined) {
      this.behaviour?.hears?.(signed, attachments)
      if (!isSibling) {
        this.tell.refused('no-seat', from.name, signed.signer)
        return
      }
    }
    if (replica.takesWish(signed)) return
    this.#note(signed, inbox.round)
    for (const one of attachments) this.#note(one, inbox.round)
    inbox.message(from.name, signed, attachments)
  }

  #note(one: Signed, round: number): void {
    const { payload } = one
    if (payload.kind === 'record' || Math.abs(payload.scope.round - round) > 1) return
    if (!this.signatures.note(one)) return
    if (isCommit(one) && this.commits.note(one)) {
      for (const refusal of this.holdings.commitSeen(one.payload.scope, one.signer))
        this.tell.refused(refusal.refused, one.signer, refusal.detail)
    }
    if (payload.kind === 'propose') this.commits.noteValue(payload.scope.round, hashValue(payload.value))
  }

  onPartition(id: PartitionId, bytes: Uint8Array): void {
    const taken = this.holdings.take(id, bytes)
    if (isRefusal(taken)) this.tell.refused(taken.refused, id.author, taken.detail)
  }

  deliver(delivery: Delivery): Answer {
    const answer = this.behaviour?.answers?.(delivery)
    return answer ?? this.inbox?.deliver(delivery) ?? { kind: 'wait', round: 0 }
  }

  onSettled(bundle: readonly Signed<Settled>[]): void {
    if (this.inbox === null) return
    for (const signed of bundle) if (this.world.isSource(this.epoch, signed.signer)) this.inbox?.settled(signed)
  }

  onCertificate(from: SimPeer, certificate: Certificate, hashes: readonly Hash[] | null = null): void {
    this.replica?.onCertificate(from.name, certificate, hashes)
  }

  onFinalized(block: SimBlock): void {
    this.anchors.read(block.height)
    this.inbox?.current?.input({ type: 'finalized', height: block.height, hash: block.hash })
    this.lease.at(block.height)
    if (this.replica !== null) this.speeds.at(block.height, this.replica.pace)
    this.replica?.onFinalized()
  }

  isSibling(name: PeerName): boolean {
    const peer = this.world.peerOf(name)
    return peer !== null && this.#isWith(peer)
  }

  #isWith({ isPlaced, stage }: SimPeer): boolean {
    return isPlaced && stage === this.stage
  }
}
