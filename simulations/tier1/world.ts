/** Everything that the peers of one run share: time, network, chain, the run, who sits where, and what is told about it. */
import type { Corpus } from '../../node/data/index.ts'
import type { PeerParts } from '../../node/peer/types.ts'
import type { Run } from '../../node/run/folder.ts'
import { hashHex } from '../../protocols/wire/hash.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { FIRST_FINAL, SimChain } from '../kernel/chain.ts'
import { Network } from '../kernel/network.ts'
import type { ConcreteScenario, PeerShape } from '../scenario/types.ts'
import { Recorder } from '../trace/recorder.ts'
import { chainView, type PostedBy } from './chain.ts'
import { Ordinals, Teller } from './events.ts'
import type { OddGossip } from './gossip-gate.ts'
import { Internet } from './internet.ts'
import { bondsOf, dealtPeers, type Identity, simRun } from './manifest.ts'
import { SimPeer } from './peer.ts'
import { VirtualTime } from './virtual-time.ts'

/** Machines beyond the peers: for strangers, who have keys but no seats. */
export const STRANGERS_MAX = 32
/** Peers that all others start from. */
const BOOTSTRAP_PEERS = 2
/** Values of the DHT that are remembered, for faults that replay them. */
const RECORDS_KEPT = 1_000

/** What a liar's rounds are given. */
export type Lie = (parts: PeerParts) => PeerParts

export interface SeenRecord {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

export class World {
  readonly scenario: ConcreteScenario
  readonly time = new VirtualTime()
  readonly recorder: Recorder
  readonly network: Network
  readonly internet: Internet
  readonly chain: SimChain<PostedBy>
  readonly run: Run
  readonly shapes: readonly PeerShape[]
  readonly identities: readonly Identity[]
  readonly peers: readonly SimPeer[]
  /** By peer; a peer without one is honest. */
  readonly lies = new Map<number, Lie>()
  /** Liars that hear when they open a round. */
  readonly onOpened = new Map<number, (round: number) => void>()
  /** Sound values of the DHT as they came, oldest first. */
  readonly records: SeenRecord[] = []
  /** So many strangers came so far. */
  strangers = 0
  readonly #finished = new Set<number>()
  readonly #heads = new Set<() => void>()
  readonly #hashes = new Ordinals()
  readonly #index: ReadonlyMap<PeerName, number>
  #finalHeight = FIRST_FINAL
  /** By round, of stage 0. */
  readonly #settled = new Map<number, number>()
  readonly #certified = new Set<string>()
  #isOver = false

  private constructor(
    scenario: ConcreteScenario,
    corpus: Corpus,
    basis: { run: Run; identities: readonly Identity[] },
    messages: boolean,
  ) {
    const { seed } = scenario
    this.scenario = scenario
    this.run = basis.run
    this.identities = basis.identities
    this.recorder = new Recorder(() => this.time.nowMs)
    this.shapes = shapesOf(scenario)
    const strangers = Array.from({ length: STRANGERS_MAX }, () => scenario.peer)
    this.network = new Network(this.time, [...this.shapes, ...strangers], scenario.network, seed)
    this.internet = new Internet(this.network, (from, to, bytes, arrivalMs) => {
      this.recorder.fold(from, to, bytes, arrivalMs)
      if (!messages) return
      const at = { atMs: this.time.nowMs, from, to, kind: 'segment', round: 0, bytes }
      this.recorder.tell({ type: 'message', ...at, deliveredAtMs: arrivalMs })
    })
    this.chain = new SimChain<PostedBy>(this.time, scenario.chain, seed, (block, finalized) => {
      const { height, hash } = block
      this.recorder.emit({ type: 'block', atMs: this.time.nowMs, height, hash: hashHex(hash), finalized })
      if (finalized) this.#finalized(height)
    })
    this.#index = new Map(this.identities.map(({ name }, index) => [name, index]))
    this.peers = this.#createPeers(corpus)
  }

  static async create(scenario: ConcreteScenario, corpus: Corpus, messages: boolean): Promise<World> {
    const chain = new SimChain(new VirtualTime(), scenario.chain, scenario.seed, () => undefined)
    const run = simRun(scenario, chain.block(0).hash, corpus)
    const identities = await dealtPeers(run, chain.block(FIRST_FINAL).hash, scenario.seed)
    return new World(scenario, corpus, { run, identities }, messages)
  }

  indexOf(name: PeerName): number | null {
    return this.#index.get(name) ?? null
  }

  isHonest(peer: number): boolean {
    return !this.scenario.attackers.some(({ peers }) => peers.includes(peer))
  }

  hasFinished(peer: number): boolean {
    return this.#finished.has(peer)
  }

  /** Rounds that an honest peer of some stage certified; each stage and round counts once, divided by the stages. */
  get roundsDecided(): number {
    return Math.floor(this.#certified.size / this.scenario.swarm.stages)
  }

  get microBatchesSettled(): number {
    return [...this.#settled.values()].reduce((sum, count) => sum + count, 0)
  }

  #createPeers(corpus: Corpus): SimPeer[] {
    const { scenario, time, internet, run } = this
    const { seed, workload } = scenario
    const bootstrap: string[] = []
    const bonds = bondsOf(
      this.identities,
      this.shapes.map(({ stake }) => stake),
    )
    const peers = this.identities.map((identity, index) => {
      const teller = this.#teller(index, identity)
      return new SimPeer({
        index,
        seed,
        identity,
        shape: this.shapes[index]!,
        time,
        internet,
        run,
        corpus,
        workload,
        bootstrap,
        chain: (process, node) =>
          chainView({
            chain: this.chain,
            genesis: run.manifest.chain.genesis,
            bonds,
            self: identity.name,
            process,
            node,
            onFinalized: callback => {
              this.#heads.add(callback)
              return () => this.#heads.delete(callback)
            },
          }),
        onEvent: event => {
          teller.node(event)
          if (event.event === 'round.started') this.onOpened.get(index)?.(event.round)
        },
        onRecord: (key, value, refused) => {
          if (refused !== null) {
            this.recorder.reached(`record-refused/${refused}`, index)
            return
          }
          this.records.push({ key: key.slice(), value: value.slice() })
          if (this.records.length > RECORDS_KEPT) this.records.shift()
        },
        wrap: parts => {
          const watched = teller.watch(parts)
          return this.lies.get(index)?.(watched) ?? watched
        },
        onDown: error => this.#down(index, error),
      })
    })
    for (const { gate, index } of peers) gate.onOdd = (what, from) => this.#oddGossip(index, what, from)
    bootstrap.push(...peers.slice(0, BOOTSTRAP_PEERS).map(({ address }) => address))
    return peers
  }

  #oddGossip(peer: number, what: OddGossip, from: PeerName): void {
    if (what === 'withheld') this.recorder.reached('gossip-withheld', peer)
    if (what === 'late') this.recorder.reached('gossip-late', peer)
    if (what === 'refused' && this.indexOf(from) === null) this.recorder.reached('gossip-refused', peer)
  }

  #teller(peer: number, { stage }: Identity): Teller {
    const isHonest = this.isHonest(peer)
    return new Teller({
      recorder: this.recorder,
      nowMs: () => this.time.nowMs,
      peer,
      stage,
      isHonest,
      hashes: this.#hashes,
      indexOf: name => this.indexOf(name),
      onFinished: () => this.#finished.add(peer),
      onCertified: (round, microBatches) => {
        if (!isHonest) return
        this.#certified.add(`${stage}/${round}`)
        if (stage === 0) this.#settled.set(round, microBatches)
      },
    })
  }

  /** Nothing runs any more; nothing is told of it. */
  end(): void {
    this.#isOver = true
    for (const peer of this.peers) peer.kill()
  }

  #down(peer: number, error: unknown): void {
    if (this.#isOver) return
    // Its next life has to say so again.
    this.#finished.delete(peer)
    const atMs = this.time.nowMs
    this.recorder.emit({ type: 'down', atMs, peer })
    if (error === null) return
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    const { stage } = this.identities[peer]!
    // A full disk ends a peer, rightly; everything else that does is told by name.
    if (this.peers[peer]?.disk.isFull === true) this.recorder.reached('disk-full', peer)
    else this.recorder.emit({ type: 'halt', atMs, peer, stage, round: 0, reason: this.#hashes.in(reason) })
  }

  #finalized(height: number): void {
    for (const callback of this.#heads) callback()
    for (const { height: at, transaction } of this.chain.transactions(this.#finalHeight, height)) {
      const { peer, content } = transaction
      if (!('anchor' in content)) continue
      const { anchor } = content
      this.recorder.emit({
        type: 'anchored',
        atMs: this.time.nowMs,
        peer: this.indexOf(peer) ?? -1,
        stage: anchor.stage,
        round: anchor.toRound,
        from: anchor.fromRound,
        link: this.#hashes.of(anchor.link),
        height: at,
        final: true,
      })
    }
    this.#finalHeight = height
  }
}

function shapesOf({ swarm, peer }: ConcreteScenario): PeerShape[] {
  return Array.from({ length: swarm.stages * swarm.replicas }, (_, index) => {
    const override = swarm.peers?.find(one => one.index === index)
    return { ...peer, ...override }
  })
}
