/** Everything that one simulated swarm shares: time, links, chain, the run, who sits where, and what is told about it. */

import type { BlockReference } from '../../consensus/chain/types.ts'
import { beaconHeight, beaconOf, dealStages, epochOf, seatsHeight } from '../../consensus/election/index.ts'
import { type Epoch, makeEpoch } from '../../node/peer/epoch.ts'
import { scopeOf } from '../../node/peer/round-context.ts'
import type { Run } from '../../node/run/folder.ts'
import type { VerifiedCertificate } from '../../protocols/wire/certificate.ts'
import { equalBytes, hashHex } from '../../protocols/wire/hash.ts'
import type { Certificate, Hash, PeerName, Scope, Signed, StageRecord, Value } from '../../protocols/wire/messages.ts'
import type { Refusal } from '../../protocols/wire/refusals.ts'
import { FIRST_FINAL, SimChain } from '../kernel/chain.ts'
import { Network, type Traffic } from '../kernel/network.ts'
import { Timeline } from '../kernel/timeline.ts'
import type { ConcreteScenario, PeerShape } from '../scenario/types.ts'
import type { RunOptions } from '../tier.ts'
import { Recorder } from '../trace/recorder.ts'
import { AnchorIndex } from './anchor-index.ts'
import { nativeHash, Workbench } from './engine.ts'
import { SimGossip } from './gossip.ts'
import { LabelFactory } from './labels.ts'
import { peerNames, runOf } from './manifest.ts'
import { Members } from './members.ts'
import { SimPeer } from './peer.ts'
import { TipTable } from './stage-tips.ts'
import type { SimTransaction } from './transactions.ts'
import { Verifier } from './verifier.ts'
import { WorldTeller } from './world-teller.ts'

const EPOCHS_KEPT = 64

export interface WorldOptions {
  readonly kernels: Uint8Array<ArrayBuffer>
  /** `message` events are many: only where somebody wants them. */
  readonly messages: boolean
  readonly onComputed?: RunOptions['onComputed']
}

export class World {
  readonly scenario: ConcreteScenario
  readonly run: Run
  readonly time = new Timeline()
  readonly recorder: Recorder
  readonly network: Network
  readonly chain: SimChain<SimTransaction>
  readonly anchors: AnchorIndex
  readonly bench: Workbench
  readonly gossip: SimGossip
  readonly tips: TipTable
  readonly peers: readonly SimPeer[]
  /** Peers by stage: its seats, who waits for one, and who had one. */
  stages: readonly (readonly SimPeer[])[] = []
  /** Their places in the table of tips. */
  slots: readonly Int32Array[] = []
  /** Block S. */
  readonly start: BlockReference
  /** A scope for look-ups that only read the round. */
  readonly anyScope: Scope
  /** All records that peers have announced, oldest first. */
  readonly records: Signed<StageRecord>[] = []
  readonly onComputed: NonNullable<RunOptions['onComputed']>
  microBatchesSettled = 0
  readonly #messages: boolean
  readonly #labels = new LabelFactory()
  readonly #byName = new Map<PeerName, SimPeer>()
  #siblings: readonly (readonly SimPeer[])[] = []
  readonly members: Members
  readonly #stakes: ReadonlyMap<PeerName, bigint>
  readonly #epochs = new Map<number, Epoch>()
  readonly #sources = new WeakMap<Epoch, readonly PeerName[]>()
  /** Of each stage, the last that was asked for. */
  readonly #scopes: Scope[] = []
  readonly #sourceNames = new WeakMap<Epoch, ReadonlySet<PeerName>>()
  readonly #verifier = new Verifier(number => (this.#epochs.has(number) ? this.epoch(number) : null))
  readonly #finished = new Set<number>()
  readonly tell = new WorldTeller(this)
  onFinished: () => void = () => {}

  constructor(scenario: ConcreteScenario, { kernels, messages, onComputed = () => {} }: WorldOptions) {
    this.onComputed = onComputed
    this.scenario = scenario
    this.#messages = messages
    this.run = runOf(scenario)
    this.recorder = new Recorder(() => this.time.nowMs)
    const { stages, replicas, spares = 0, peers: overrides = [] } = scenario.swarm
    const { id, manifest } = this.run
    const shapes = Array.from({ length: stages * replicas + spares }, (_, index): PeerShape => {
      const override = overrides.find(one => one.index === index)
      return { ...scenario.peer, ...override }
    })
    this.tips = new TipTable(stages, shapes.length)
    this.bench = new Workbench(kernels, manifest, scenario.workload.gradientValues)
    this.network = new Network(this.time, shapes, scenario.network, scenario.seed)
    this.chain = new SimChain<SimTransaction>(this.time, scenario.chain, scenario.seed, (block, finalized) => {
      const { height, hash } = block
      this.recorder.emit({ type: 'block', atMs: this.time.nowMs, height, hash: hashHex(hash), finalized })
      if (!finalized) return
      if (this.members.change) {
        this.members.tell(height)
        this.#place(height)
      }
      for (const peer of this.peers) peer.chain.onFinalized(block)
    })
    this.anchors = new AnchorIndex(this.chain)
    this.start = this.chain.block(FIRST_FINAL)
    const beacon = beaconOf(this.start.hash, id, 0)
    // The order of the deal numbers the peers: peer i sits in stage i modulo the number of stages.
    const names = peerNames(shapes.length, scenario.seed)
    const dealt = [...dealStages(beacon, id, names.slice(0, stages * replicas), stages)]
    // Where those that come later are dealt to, the epochs say.
    const waiting = names.slice(stages * replicas)
    const seats = dealt.map(([name]) => name)
    const hasLeases = scenario.chain.leaseBlocks !== undefined
    this.members = new Members({ world: this, seats, spares: waiting, hasLeases })
    const all: [PeerName, number][] = [...dealt, ...waiting.map((name): [PeerName, number] => [name, 0])]
    const { floor } = manifest.stake
    this.#stakes = new Map(all.map(([name], index) => [name, BigInt(Math.round(floor * shapes[index]!.stake))]))
    this.gossip = new SimGossip(this)
    this.anyScope = scopeOf(this.run, this.epoch(0), 0, 0)
    this.peers = all.map(
      ([name, stage], index) =>
        new SimPeer({
          world: this,
          index,
          stage,
          isPlaced: index < dealt.length,
          shape: shapes[index]!,
          key: this.#labels.key(name),
        }),
    )
    for (const peer of this.peers) this.#byName.set(peer.name, peer)
    this.#group()
  }

  #group(): void {
    const { stages } = this.scenario.swarm
    this.stages = Array.from({ length: stages }, (_, stage) =>
      this.peers.filter(peer => peer.isPlaced && peer.stage === stage),
    )
    this.slots = this.stages.map(peers => Int32Array.from(peers, ({ index }) => this.slotOf(index)))
    this.#siblings = this.peers.map(peer => this.stages[peer.stage]!.filter(other => other !== peer))
  }

  /** Those of a stage are beside each other. */
  slotOf(index: number): number {
    const { stages, replicas } = this.scenario.swarm
    return index < stages * replicas ? (index % stages) * replicas + Math.floor(index / stages) : index
  }

  /** Who was dealt to a stage, or has a seat in one that was re-formed, starts there, with nothing of another one. */
  #place(height: number): void {
    const roster = this.members.roster(this.newestEpoch(height))
    for (const peer of this.peers) {
      const stage = roster.stageOf.get(peer.name) ?? roster.candidates.get(peer.name)
      if (stage === undefined || (peer.isPlaced && peer.stage === stage) || peer.downs > 0) continue
      peer.place(stage)
      this.#group()
      this.recorder.reached('dealt-to-a-stage', peer.index)
    }
  }

  /** Of those whose seats are known at this final height. */
  newestEpoch(height: number): number {
    let number = this.epochOf(height)
    while (this.epochHeight(number + 1) <= height) number++
    return number
  }

  /** Has this peer a seat, as far as the chain says now? */
  hasSeat(peer: SimPeer): boolean {
    return this.members.roster(this.newestEpoch(this.chain.finalized.height)).stageOf.has(peer.name)
  }

  get tokens(): number {
    const { batch, model } = this.run.manifest
    return batch.sequences * model.sequence
  }

  /** A stage's whole state on the wire: parameters, second moments and the last aggregate. */
  get stateBytes(): number {
    return 3 * this.scenario.workload.gradientBytes
  }

  peerOf(name: PeerName): SimPeer | null {
    return this.#byName.get(name) ?? null
  }

  siblingsOf(peer: SimPeer): readonly SimPeer[] {
    return this.#siblings[peer.index] ?? []
  }

  /** The seats of stage 0 in an epoch, sorted; null: in the first one. */
  sourcesIn(epoch: Epoch | null): readonly PeerName[] {
    const of = epoch ?? this.epoch(0)
    const known = this.#sources.get(of)
    if (known !== undefined) return known
    const sources = (of.groups[0]?.seats ?? []).map(({ peer }) => peer)
    this.#sources.set(of, sources)
    return sources
  }

  /** One for all replicas that open a round: a message of a sibling is then seen to be of the own round at one look. */
  sharedScope(scope: Scope): Scope {
    const { stage, epoch, round, group } = scope
    const known = this.#scopes[stage]
    if (known !== undefined && known.epoch === epoch && known.round === round && known.group === group) return known
    this.#scopes[stage] = scope
    return scope
  }

  /** Every SETTLED comes to every peer. */
  isSource(epoch: Epoch | null, name: PeerName): boolean {
    const of = epoch ?? this.epoch(0)
    const known = this.#sourceNames.get(of) ?? new Set(this.sourcesIn(of))
    this.#sourceNames.set(of, known)
    return known.has(name)
  }

  epochOf(height: number): number {
    return Math.max(0, epochOf(this.run.manifest.chain, height))
  }

  /** Height that must be final before the epoch is known. */
  epochHeight(number: number): number {
    const { chain } = this.run.manifest
    return Math.max(beaconHeight(chain, number), seatsHeight(chain, number))
  }

  /** First block of an epoch. */
  epochStart(number: number): number {
    const { startHeight, epochBlocks } = this.run.manifest.chain
    return startHeight + number * epochBlocks
  }

  /** Only of epochs whose height is final. */
  epoch(number: number): Epoch {
    const known = this.#epochs.get(number)
    if (known !== undefined) return known
    const { hash } = this.chain.block(beaconHeight(this.run.manifest.chain, number))
    const beacon = beaconOf(hash, this.run.id, number)
    const epoch = makeEpoch({
      run: this.run,
      roster: this.members.roster(number),
      beacon,
      stakes: this.#stakes,
      slow: this.members.speeds(number).slow,
    })
    this.#epochs.set(number, epoch)
    if (number > 0) this.tell.seats(epoch)
    const oldest = this.#epochs.keys().next().value
    if (this.#epochs.size > EPOCHS_KEPT && oldest !== undefined) this.#epochs.delete(oldest)
    if (number > 0) this.recorder.reached('epoch-crossed')
    return epoch
  }

  /** Null where nobody has read it yet. */
  knownEpoch(number: number): Epoch | null {
    return this.#epochs.get(number) ?? null
  }

  verify(certificate: Certificate, parent?: Value['parent']): VerifiedCertificate | Refusal {
    return this.#verifier.verify(certificate, parent)
  }

  /** A peer's record with the next sequence. */
  newRecord(peer: SimPeer): Signed<StageRecord> {
    const { key, stage } = peer
    const sequence = this.records.length + 1
    const record = key.sign({
      kind: 'record',
      run: this.run.id,
      stage,
      sequence,
      addresses: [],
      ephemeral: false,
    } as const)
    this.records.push(record)
    return record
  }

  /** Of an identity without a bond. */
  strangersRecord(name: PeerName): Signed<StageRecord> {
    const payload = {
      kind: 'record',
      run: this.run.id,
      stage: 0,
      sequence: 1,
      addresses: [],
      ephemeral: false,
    } as const
    return this.#labels.key(name).sign(payload)
  }

  isGenuine(bytes: Uint8Array, hash: Hash): boolean {
    return equalBytes(nativeHash(bytes), hash)
  }

  /** Every message of tier 0 passes here or through `tellPeer`. Returns when it arrives; null: never. */
  send(
    from: SimPeer,
    to: SimPeer,
    kind: string,
    round: number,
    bytes: number,
    traffic: Traffic,
    deliver: () => void,
  ): number | null {
    const arrivalMs = this.network.send(from.index, to.index, bytes, traffic, () => to.post(deliver))
    this.#noteSent(from, to, kind, round, bytes, arrivalMs)
    return arrivalMs
  }

  /** A small message; with `deliver` one function for all whom it is sent to. */
  tellPeer(
    from: SimPeer,
    to: SimPeer,
    kind: string,
    round: number,
    bytes: number,
    deliver: (to: SimPeer) => void,
  ): void {
    const arrivalMs = this.network.send(from.index, to.index, bytes, 'control', () => to.hear(deliver))
    this.#noteSent(from, to, kind, round, bytes, arrivalMs)
  }

  #noteSent(from: SimPeer, to: SimPeer, kind: string, round: number, bytes: number, arrivalMs: number | null): void {
    this.recorder.fold(from.index, to.index, bytes, arrivalMs)
    if (!this.#messages) return
    const at = { atMs: this.time.nowMs, from: from.index, to: to.index, kind, round, bytes }
    this.recorder.emit({ type: 'message', ...at, deliveredAtMs: arrivalMs })
  }

  /** Connections of the neighbours break when a process dies, and come back. */
  noteReachable(peer: SimPeer, reachable: boolean): void {
    for (const other of this.#neighboursOf(peer))
      other.after(reachable ? 500 : 20, () => other.inbox?.reachable(peer.name, reachable))
  }

  /** Peers of its stage and of those beside it that are not connected. */
  unreachableFrom(peer: SimPeer): PeerName[] {
    return this.#neighboursOf(peer).flatMap(other => (other.isUp ? [] : [other.name]))
  }

  #neighboursOf(peer: SimPeer): SimPeer[] {
    const around = [peer.stage - 1, peer.stage, peer.stage + 1].flatMap(stage => this.stages[stage] ?? [])
    return around.filter(other => other !== peer)
  }

  noteRestored(peer: SimPeer, round: number, state: string): void {
    if (round > 0) this.recorder.reached(`restored-from-disk`, peer.index)
    if (state === '') throw new Error('a tip without a state')
  }

  noteFinished(index: number): void {
    this.#finished.add(index)
    this.onFinished()
  }

  hasFinished(peer: SimPeer): boolean {
    return this.#finished.has(peer.index)
  }
}
