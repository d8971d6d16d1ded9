/** A peer of the real network stack without a seat: it dials whom it likes and says what it likes. */
import { plaintext } from '@libp2p/plaintext'
import { createNetwork, type Network } from '../../node/network/index.ts'
import { silence } from '../../node/network/silence.ts'
import type { RandomStream } from '../kernel/random.ts'
import { openDatastore } from './disk.ts'
import { keyOf } from './manifest.ts'
import type { SimPeer } from './peer.ts'
import { MachineClock, SimProcess } from './process.ts'
import { simTransport } from './transport.ts'
import { type SeenRecord, STRANGERS_MAX, type World } from './world.ts'

const PATIENCE_MS = 5_000

export class Stranger {
  readonly #world: World
  readonly #process: SimProcess
  readonly #network: Promise<Network>

  private constructor(world: World, process: SimProcess, network: Promise<Network>) {
    this.#world = world
    this.#process = process
    this.#network = network
  }

  /** At most {@link STRANGERS_MAX} have a machine of their own; more share them. */
  static start(world: World, random: RandomStream): Stranger {
    const number = world.strangers++
    const process = new SimProcess(world.time, new MachineClock(world.time), () => random.next())
    const index = world.peers.length + (number % STRANGERS_MAX)
    const network = process.run(async () =>
      createNetwork(
        {
          privateKey: await keyOf(world.scenario.seed, `stranger ${number}`),
          listen: [],
          announce: [],
          bootstrap: world.peers.slice(0, 2).map(({ address }) => address),
          profile: 'public',
          datastoreDir: '',
          records: { namespace: 'none', validate: async () => undefined, select: () => 0 },
          clock: process.clock,
          random: process.random,
          signal: new AbortController().signal,
        },
        {
          logger: silence,
          transports: () => [simTransport({ internet: world.internet, process, peer: index })],
          encrypters: () => [plaintext()],
          openDatastore: async () => openDatastore(),
        },
      ),
    )
    network.catch(() => undefined)
    return new Stranger(world, process, network)
  }

  dial(peer: SimPeer, onConnected: () => void = () => undefined): void {
    this.#do(async network => {
      await network.dialPeer(peer.name, { addresses: [peer.address], signal: AbortSignal.timeout(PATIENCE_MS) })
      onConnected()
    })
  }

  /** Puts a value under a key at a peer that it knows. */
  put(peer: SimPeer, { key, value }: SeenRecord): void {
    this.#do(async network => {
      const signal = AbortSignal.timeout(PATIENCE_MS)
      await network.dialPeer(peer.name, { addresses: [peer.address], signal })
      for await (const _ of network.components.dht.put(key, value, { signal })) if (signal.aborted) return
    })
  }

  publish(topic: string, bytes: Uint8Array): void {
    this.#do(async network => {
      network.components.pubsub.subscribe(topic)
      await network.components.pubsub.publish(topic, bytes)
    })
  }

  /** Without a word. */
  stop(): void {
    this.#process.kill()
    this.#world.internet.dropAll(this.#process)
  }

  /** What it tries may fail: peers hang up on it. */
  #do(work: (network: Network) => Promise<void>): void {
    this.#process.run(() => {
      this.#network.then(work).catch(() => this.#world.recorder.reached('stranger-refused'))
    })
  }
}
