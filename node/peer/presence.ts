/**
 * The network of a peer that waits for a place: it hears where the seats are, and writes it to its disk, so that it finds them when it is
 * dealt to a stage, though those that it started from are long gone. It holds no stage, announces nothing and takes part in no gossip.
 */
import { discovery, type RecordStorage, recordBook, recordCodec, type Seats } from '../../protocols/discovery/index.ts'
import type { Clock, Random } from '../../protocols/wire/environment.ts'
import type { ContentId } from '../../protocols/wire/messages.ts'
import type { Network, NetworkInit } from '../network/index.ts'
import type { Around } from './around.ts'
import { delay } from './delay.ts'
import type { NetworkOfPeer } from './profile.ts'

/** Addresses change rarely: an asked peer answers for a whole stage, and each new connection tells all that it knows. */
const REFRESH_MS = 5 * 60_000

export interface PresenceInit {
  readonly run: ContentId
  readonly stages: number
  /** Who sits where now. */
  readonly seats: Seats & Pick<Around, 'hasPlace'>
  /** What the peer's network is made of once it holds a stage, too: they share addresses and ports. */
  readonly network: NetworkOfPeer
  readonly createNetwork: (init: NetworkInit) => Promise<Network>
  readonly storage: RecordStorage
  readonly clock: Clock
  readonly random: Random
  readonly onWarning: (message: string) => void
}

export class Presence {
  readonly #init: PresenceInit
  readonly #abort = new AbortController()
  #running: Promise<void> | null = null

  constructor(init: PresenceInit) {
    this.#init = init
  }

  /** Once; what fails is told, as waiting goes on without it. */
  open(): void {
    this.#running ??= this.#run(this.#abort.signal).catch(error => {
      this.#init.onWarning(`waiting without a network: ${String(error)}`)
    })
  }

  /** Resolves when the ports are free again and all records are stored. */
  async close(): Promise<void> {
    this.#abort.abort(new Error('it waits no more'))
    await this.#running
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { run, stages, seats, clock, random, storage } = this.#init
    const codec = recordCodec(this.#init.network.privateKey)
    const records = recordBook({ run, stages, seats, codec, onRefused: () => undefined })
    // Connections to one stage are enough: each of its seats knows the others.
    const near = Math.floor(random() * stages)
    let isStarted = false
    const network = await this.#init.createNetwork({
      ...this.#init.network,
      records: records.rules,
      hasPlace: peer => seats.hasPlace(peer),
      clock,
      random,
      signal: new AbortController().signal,
      onEvent: event => {
        if (isStarted && event.type === 'disconnected') peers.wake()
      },
    })
    const peers = discovery(
      {
        run,
        stages,
        seats,
        ephemeral: false,
        needed: () => [near],
        dial: async (peer, addresses, dialSignal) => {
          await network.dialPeer(peer, { addresses, signal: dialSignal })
        },
        publish: async () => 0,
      },
      records,
    )({ ...network.components, clock, random, codec, storage })
    try {
      await peers.start()
      isStarted = true
      while (!signal.aborted) {
        for (let stage = 0; stage < stages && !signal.aborted; stage++)
          await peers.find(stage, signal).catch(ignoreEnd(signal))
        await delay(clock, REFRESH_MS, signal).catch(ignoreEnd(signal))
      }
    } finally {
      await peers.stop()
      await network.stop()
    }
  }
}

/** A rejection that only says that it was told to stop. */
function ignoreEnd(signal: AbortSignal): (error: unknown) => void {
  return error => {
    if (!signal.aborted) throw error
  }
}
