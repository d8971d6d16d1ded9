/**
 * Who sits where: the seats of every stage as the chain says, per epoch (round.md, "Identity, seats, beacon"). Epoch 0's
 * bonds are dealt to the stages by the beacon; until membership changes ride in certificates the same peers keep their
 * seats, and each epoch brings a new beacon and the stakes of its own height.
 */
import type { BlockReference, Bond, Chain } from '../../consensus/chain/types.ts'
import {
  beaconHeight,
  beaconOf,
  dealStages,
  type EpochSchedule,
  epochOf,
  seatsHeight,
} from '../../consensus/election/index.ts'
import { compareText } from '../../protocols/wire/hash.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { ExitError } from '../cli/exit.ts'
import type { Run } from '../run/folder.ts'
import { type Epoch, makeEpoch } from './epoch.ts'

/** Epochs kept: the current one, its neighbours, and some to verify older certificates with. */
const KEPT_EPOCHS = 64

export class Membership {
  readonly #chain: Chain
  readonly #run: Run
  readonly #schedule: EpochSchedule
  readonly #epochs = new Map<number, Promise<Epoch>>()
  readonly #known = new Map<number, Epoch>()
  readonly #seats: readonly (readonly PeerName[])[]
  /** Stage of each seated peer. */
  readonly stageOf: ReadonlyMap<PeerName, number>
  /** Block S, the reference of the first round's parent. */
  readonly start: BlockReference

  private constructor(chain: Chain, run: Run, stageOf: ReadonlyMap<PeerName, number>, start: BlockReference) {
    this.#chain = chain
    this.#run = run
    this.#schedule = run.manifest.chain
    this.stageOf = stageOf
    this.start = start
    this.#seats = Array.from({ length: run.manifest.stages }, (_, stage) =>
      [...stageOf].flatMap(([peer, dealt]) => (dealt === stage ? [peer] : [])).sort(compareText),
    )
  }

  /** Waits until block S is final, then reads the bonds and deals the stages. */
  static async load(chain: Chain, run: Run, signal: AbortSignal): Promise<Membership> {
    const { manifest } = run
    await finalizedAt(chain, manifest.chain.startHeight, signal)
    const hash = await chain.blockHash(manifest.chain.startHeight, { signal })
    const bonds = await readBonds(chain, run, manifest.chain.startHeight, signal)
    const wanted = manifest.stages * manifest.replicas
    if (bonds.length < wanted) {
      throw new ExitError(
        'refused',
        `run ${run.id} needs ${wanted} bonds of at least ${manifest.stake.floor} at block ${manifest.chain.startHeight}, the chain has ${bonds.length}`,
        'swarm-node bond for each missing peer, under a manifest with a later start height',
      )
    }
    const beacon = beaconOf(hash, run.id, 0)
    const peers = bonds.map(bond => bond.peer)
    const stageOf = dealStages(beacon, run.id, peers, manifest.stages)
    return new Membership(chain, run, stageOf, { height: manifest.chain.startHeight, hash })
  }

  /** Epoch that a reference block belongs to. */
  epochOf(height: number): number {
    return Math.max(0, epochOf(this.#schedule, height))
  }

  /** Waits for the chain where the epoch's beacon is not final yet. */
  epoch(number: number, signal: AbortSignal): Promise<Epoch> {
    let epoch = this.#epochs.get(number)
    if (epoch === undefined) {
      epoch = this.#load(number, signal)
      this.#epochs.set(number, epoch)
      epoch.catch(() => this.#epochs.delete(number))
      const oldest = this.#epochs.keys().next().value
      if (this.#epochs.size > KEPT_EPOCHS && oldest !== undefined) {
        this.#epochs.delete(oldest)
        this.#known.delete(oldest)
      }
    }
    return epoch
  }

  /**
   * Loads the epoch of this final head, and the next one as soon as its beacon is final, which is some blocks before it
   * begins: another stage may open a round in it while the own stage still builds on a block of the one before.
   */
  async foresee(headHeight: number, signal: AbortSignal): Promise<void> {
    const now = this.epochOf(headHeight)
    for (const number of [now, now + 1]) {
      if (this.#heightOf(number) <= headHeight) await this.epoch(number, signal)
    }
  }

  /** An epoch that was loaded before; null otherwise. */
  known(number: number): Epoch | null {
    return this.#known.get(number) ?? null
  }

  hasSeat(peer: PeerName, stage: number): boolean {
    return this.stageOf.get(peer) === stage
  }

  /** All seats of a stage, sorted. */
  seats(stage: number): readonly PeerName[] {
    return this.#seats[stage] ?? []
  }

  /** The block that must be final before an epoch is known. */
  #heightOf(number: number): number {
    return Math.max(beaconHeight(this.#schedule, number), seatsHeight(this.#schedule, number))
  }

  async #load(number: number, signal: AbortSignal): Promise<Epoch> {
    const { id } = this.#run
    await finalizedAt(this.#chain, this.#heightOf(number), signal)
    const beacon = beaconOf(await this.#chain.blockHash(beaconHeight(this.#schedule, number), { signal }), id, number)
    const bonds = await readBonds(this.#chain, this.#run, seatsHeight(this.#schedule, number), signal)
    const stakes = new Map(bonds.map(bond => [bond.peer, bond.stake]))
    const epoch = makeEpoch({ run: this.#run, stageOf: this.stageOf, number, beacon, stakes })
    this.#known.set(number, epoch)
    return epoch
  }
}

async function readBonds(chain: Chain, run: Run, height: number, signal: AbortSignal): Promise<Bond[]> {
  const floor = BigInt(run.manifest.stake.floor)
  return (await chain.bonds(run.id, height, { signal })).filter(bond => bond.stake >= floor)
}

/** Resolves once `height` is final. */
export async function finalizedAt(chain: Chain, height: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const reached = Promise.withResolvers<void>()
  const onAbort = () => reached.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  // Subscribed before the head is read: a block that becomes final in between is not missed.
  const unsubscribe = chain.onFinalized(head => {
    if (head.height >= height) reached.resolve()
  })
  try {
    const head = await chain.finalizedHead({ signal })
    if (head.height < height) await reached.promise
  } finally {
    unsubscribe()
    signal.removeEventListener('abort', onAbort)
    reached.resolve()
  }
}
