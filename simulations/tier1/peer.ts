/** One peer: the shipped composition in a simulated process, on a disk that outlives it. */
import { createHash } from 'node:crypto'
import { plaintext } from '@libp2p/plaintext'
import type { Chain } from '../../consensus/chain/types.ts'
import type { Corpus } from '../../node/data/index.ts'
import { EventBus } from '../../node/events/bus.ts'
import type { NodeEvent } from '../../node/events/types.ts'
import { createNetwork, type Network } from '../../node/network/index.ts'
import { composePeer } from '../../node/peer/compose.ts'
import type { PeerParts } from '../../node/peer/types.ts'
import type { Run } from '../../node/run/folder.ts'
import type { Digest } from '../../protocols/wire/environment.ts'
import { RandomStream } from '../kernel/random.ts'
import type { Workload } from '../scenario/types.ts'
import { SimDisk } from './disk.ts'
import { openSimEngine } from './engine.ts'
import { addressOf, type Internet } from './internet.ts'
import type { Identity } from './manifest.ts'
import { SimProcess } from './process.ts'
import { simTransport } from './transport.ts'
import type { VirtualTime } from './virtual-time.ts'

export interface SimPeerInit {
  readonly index: number
  readonly seed: number
  readonly identity: Identity
  readonly time: VirtualTime
  readonly internet: Internet
  readonly run: Run
  readonly corpus: Corpus
  readonly workload: Workload
  readonly bootstrap: readonly string[]
  readonly speed: () => number
  readonly chain: (process: SimProcess) => Chain
  readonly onEvent: (event: NodeEvent) => void
  /** What the rounds get in place of the parts. */
  readonly wrap: (parts: PeerParts, network: Network) => PeerParts
  /** The composition ended by itself. */
  readonly onEnd: (error: unknown) => void
}

/** SHA-256 at once: the thread pool would answer when the real machine likes. */
const digest: Digest = async (bytes, options) => {
  options?.signal?.throwIfAborted()
  return new Uint8Array(createHash('sha256').update(bytes).digest())
}

export class SimPeer {
  readonly disk = new SimDisk()
  readonly #init: SimPeerInit
  readonly #random: RandomStream
  #process: SimProcess | null = null
  #stop = new AbortController()
  #lives = 0

  constructor(init: SimPeerInit) {
    this.#init = init
    this.#random = new RandomStream(init.seed, `disk/${init.index}`)
  }

  get index(): number {
    return this.#init.index
  }

  get isUp(): boolean {
    return this.#process !== null
  }

  /** Null while it is down. */
  get process(): SimProcess | null {
    return this.#process
  }

  start(): void {
    if (this.#process !== null) return
    const { index, seed, time } = this.#init
    const stream = new RandomStream(seed, `peer/${index}/${this.#lives++}`)
    const process = new SimProcess(time, () => stream.next())
    const stop = new AbortController()
    this.#process = process
    this.#stop = stop
    process.run(() => {
      this.#compose(process, stop.signal).then(
        () => this.#ended(process, null),
        (error: unknown) => this.#ended(process, error),
      )
    })
  }

  /** As by SIGKILL: nothing is flushed, nobody is told but by the machine's resets. */
  kill(): void {
    const process = this.#process
    if (process === null) return
    this.#process = null
    process.kill()
    this.#init.internet.dropAll(process)
    this.disk.crash(this.#random)
  }

  /** As by Ctrl-C: it flushes and says goodbye. */
  stop(): void {
    const process = this.#process
    process?.run(() => this.#stop.abort(new Error('stopped')))
  }

  #ended(process: SimProcess, error: unknown): void {
    if (this.#process !== process) return
    this.#process = null
    process.kill()
    this.#init.internet.dropAll(process)
    this.#init.onEnd(this.#stop.signal.aborted ? null : error)
  }

  async #compose(process: SimProcess, signal: AbortSignal): Promise<void> {
    const { index, identity, internet, run, corpus, workload, bootstrap, speed, time } = this.#init
    const bus = new EventBus(() => time.nowMs)
    bus.subscribe(event => this.#init.onEvent(event))
    const address = addressOf(index)
    let network: Network | null = null
    await composePeer(
      {
        run,
        folder: `peer-${index}`,
        listen: [address],
        announce: [],
        bootstrap: bootstrap.filter(other => other !== address),
        corpus,
        threads: 1,
        untilRound: workload.rounds,
        bus,
        signal,
      },
      {
        privateKey: identity.key,
        chain: this.#init.chain(process),
        clock: process.clock,
        random: process.random,
        digest,
        openDisk: () => this.disk.open(time),
        openEngine: (of, stage) => openSimEngine({ run: of, stage, process, workload, speed }),
        createNetwork: async init => {
          network = await createNetwork(init, {
            transports: () => [simTransport({ internet, process, peer: index })],
            encrypters: () => [plaintext()],
            openDatastore: async () => Object.assign(this.disk.datastore, { close: () => undefined }),
          })
          return network
        },
        wrapParts: parts => {
          if (network === null) throw new Error('the network is opened before the rounds')
          return this.#init.wrap(parts, network)
        },
      },
    )
  }
}
