/** One peer's machine: a disk, a clock and a node of the chain, and on it, while it is up, the shipped composition. */
import { hash } from 'node:crypto'
import { plaintext } from '@libp2p/plaintext'
import type { Chain } from '../../consensus/chain/types.ts'
import type { Corpus } from '../../node/data/index.ts'
import { EventBus } from '../../node/events/bus.ts'
import type { NodeEvent } from '../../node/events/types.ts'
import { createNetwork, type Network, type NetworkInit } from '../../node/network/index.ts'
import { silence } from '../../node/network/silence.ts'
import { composePeer } from '../../node/peer/compose.ts'
import type { PeerParts } from '../../node/peer/types.ts'
import type { Run } from '../../node/run/folder.ts'
import type { Digest } from '../../protocols/wire/environment.ts'
import type { DiskLoss } from '../kernel/disk.ts'
import { RandomStream } from '../kernel/random.ts'
import type { PeerShape, Workload } from '../scenario/types.ts'
import { ChainNode } from './chain.ts'
import { SimDisk } from './disk.ts'
import { openSimEngine } from './engine.ts'
import { GossipGate } from './gossip-gate.ts'
import { addressOf, FIRST_PORT, type Internet } from './internet.ts'
import type { Identity } from './manifest.ts'
import { MachineClock, SimProcess } from './process.ts'
import { simTransport } from './transport.ts'
import type { VirtualTime } from './virtual-time.ts'

export interface SimPeerInit {
  readonly index: number
  readonly seed: number
  readonly identity: Identity
  readonly shape: PeerShape
  readonly time: VirtualTime
  readonly internet: Internet
  readonly run: Run
  readonly corpus: Corpus
  readonly workload: Workload
  readonly bootstrap: readonly string[]
  readonly chain: (process: SimProcess, node: ChainNode) => Chain
  readonly onEvent: (event: NodeEvent) => void
  /** A value of the DHT, and why the peer does not store it; null: it found it sound. */
  readonly onRecord: (key: Uint8Array, value: Uint8Array, refused: string | null) => void
  /** What the rounds get in place of the parts. */
  readonly wrap: (parts: PeerParts) => PeerParts
  /** The process is gone; with the error that ended it, or null where it was told to end. */
  readonly onDown: (error: unknown) => void
}

/** SHA-256 at once: the thread pool would answer when the real machine likes. */
export const digest: Digest = async (bytes, options) => {
  options?.signal?.throwIfAborted()
  return new Uint8Array(hash('sha256', bytes, 'buffer'))
}

/** One process of a peer, from its start to its end. */
export interface Life {
  readonly process: SimProcess
  /** Null while it starts. */
  network: Network | null
  parts: PeerParts | null
}

export class SimPeer {
  readonly disk: SimDisk
  readonly machine: MachineClock
  readonly node = new ChainNode()
  readonly gate = new GossipGate()
  /** Computing takes so many times as long as its shape says. */
  slowness = 1
  /** Faults that keep it down. */
  downs = 0
  readonly #init: SimPeerInit
  readonly #random: RandomStream
  #life: Life | null = null
  #stop = new AbortController()
  #lives = 0
  #port = FIRST_PORT

  constructor(init: SimPeerInit) {
    this.#init = init
    this.#random = new RandomStream(init.seed, `disk/${init.index}`)
    this.disk = new SimDisk()
    this.machine = new MachineClock(init.time)
  }

  get index(): number {
    return this.#init.index
  }

  get stage(): number {
    return this.#init.identity.stage
  }

  get name(): string {
    return this.#init.identity.name
  }

  get address(): string {
    return addressOf(this.index, this.#port)
  }

  get isUp(): boolean {
    return this.#life !== null
  }

  /** Null while it is down. */
  get life(): Life | null {
    return this.#life
  }

  start(): void {
    if (this.#life !== null || this.downs > 0) return
    const { index, seed, time } = this.#init
    const stream = new RandomStream(seed, `peer/${index}/${this.#lives++}`)
    const process = new SimProcess(time, this.machine, () => stream.next())
    const stop = new AbortController()
    const life: Life = { process, network: null, parts: null }
    this.#life = life
    this.#stop = stop
    process.run(() => {
      this.#compose(life, stop.signal).then(
        () => this.#ended(life, null),
        (error: unknown) => this.#ended(life, error),
      )
    })
  }

  /** As by SIGKILL: nothing is flushed, nobody is told but by the machine's resets. */
  kill(): void {
    if (this.#life === null) return
    this.#leave(this.#life)
    this.disk.crash(this.#random)
    this.#init.onDown(null)
  }

  /** As by Ctrl-C: it flushes and says goodbye. */
  stop(): void {
    this.#life?.process.run(() => this.#stop.abort(new Error('stopped')))
  }

  /** From its next start on it listens elsewhere. */
  move(): void {
    this.#port++
  }

  /** What a restart finds. */
  lose(loss: DiskLoss): void {
    this.disk.lose(loss, this.#random)
  }

  #ended(life: Life, error: unknown): void {
    if (this.#life !== life) return
    this.#leave(life)
    this.#init.onDown(this.#stop.signal.aborted ? null : error)
  }

  #leave({ process }: Life): void {
    this.#life = null
    process.kill()
    this.#init.internet.dropAll(process)
  }

  async #compose(life: Life, signal: AbortSignal): Promise<void> {
    const { process } = life
    const { index, identity, run, corpus, workload, bootstrap, shape, wrap } = this.#init
    const bus = new EventBus(() => process.wallMs)
    bus.subscribe(event => this.#init.onEvent(event))
    await composePeer(
      {
        run,
        folder: `peer-${index}`,
        listen: [this.address],
        announce: [],
        bootstrap: bootstrap.filter(other => other !== this.address),
        corpus,
        threads: 1,
        untilRound: workload.rounds,
        bus,
        signal,
      },
      {
        privateKey: identity.key,
        chain: this.#init.chain(process, this.node),
        clock: process.clock,
        random: process.random,
        digest,
        openDisk: () => this.disk.open(),
        openEngine: (of, stage) =>
          openSimEngine({ run: of, stage, process, workload, speed: () => shape.speed / this.slowness }),
        createNetwork: init => this.#openNetwork(init, life),
        wrapParts: parts => {
          life.parts = parts
          return wrap(parts)
        },
      },
    )
  }

  async #openNetwork(init: NetworkInit, life: Life): Promise<Network> {
    const { process } = life
    const { index, internet, onRecord } = this.#init
    const { records } = init
    const validate: typeof records.validate = async (key, value, options) => {
      try {
        await records.validate(key, value, options)
      } catch (error) {
        onRecord(key, value, reasonOf(error))
        throw error
      }
      onRecord(key, value, null)
    }
    const network = await createNetwork(
      { ...init, records: { ...records, validate } },
      {
        logger: silence,
        transports: () => [simTransport({ internet, process, peer: index })],
        encrypters: () => [plaintext()],
        openDatastore: async () => this.disk.datastore,
      },
    )
    this.gate.stand(network.components.pubsub.topicValidators, process)
    life.network = network
    return network
  }
}

/** A record book says its reason first, then what it is about. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.split(':')[0]! : 'unknown'
}
