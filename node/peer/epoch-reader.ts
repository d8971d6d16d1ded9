/**
 * Reads from the chain what the seats of an epoch follow from, and the epochs after it meanwhile: a newcomer reads all of
 * them, one after the other, and a chain that is far away answers late, but many questions at a time.
 */
import type { BlockReference, Bond, Chain, PostedAnchor, PostedRecord } from '../../consensus/chain/types.ts'
import { beaconHeight, seatsHeight } from '../../consensus/election/index.ts'
import type { Hash } from '../../protocols/wire/messages.ts'
import type { Run } from '../run/folder.ts'
import { readAnchors } from './anchor-pages.ts'
import { finalizedAt } from './finalized-at.ts'
import { readRecords } from './stage-events.ts'

export interface EpochFacts {
  /** Hash of the block whose hash seeds the epoch. */
  readonly beacon: Hash
  /** The last block that any of it is of. */
  readonly last: BlockReference
  /** Of at least the floor, in the state in which its seats are counted. */
  readonly bonds: readonly Bond[]
  /** In the blocks after the beacon of the epoch before, up to its own. */
  readonly records: readonly PostedRecord[]
}

export interface ReadFacts {
  readonly facts: EpochFacts
  /** Posted in the same blocks; null where nobody keeps them. */
  readonly anchors: readonly PostedAnchor[] | null
}

/** Epochs that are read after the one that is asked for, as far as they are final. */
const READ_AHEAD = 4

type Asked = Pick<Chain, 'blockHash' | 'bonds' | 'records' | 'anchors' | 'finalizedHead' | 'onFinalized'>

export interface EpochReaderInit {
  readonly chain: Asked
  readonly run: Run
  /** Whether the epoch is known without the chain. */
  isKnown(epoch: number): boolean
  /** Whether its anchors are to be read too. */
  wantsAnchors(epoch: number): boolean
}

export class EpochReader {
  readonly #init: EpochReaderInit
  /** Read before they were asked for, or being read. */
  readonly #ahead = new Map<number, Promise<ReadFacts>>()

  constructor(init: EpochReaderInit) {
    this.#init = init
  }

  /** Waits until they are final. */
  async read(epoch: number, signal: AbortSignal): Promise<ReadFacts> {
    await finalizedAt(this.#init.chain, this.#lastHeight(epoch), signal)
    const ahead = this.#ahead.get(epoch)
    for (const other of this.#ahead.keys()) if (other <= epoch) this.#ahead.delete(other)
    const reading = ahead === undefined ? this.#ask(epoch, signal) : ahead.catch(() => this.#ask(epoch, signal))
    // What fails ahead of time is told to whoever asks for that epoch.
    const [read] = await Promise.all([reading, this.#readAfter(epoch, signal).catch(() => undefined)])
    return read
  }

  async #readAfter(asked: number, signal: AbortSignal): Promise<void> {
    const { height } = await this.#init.chain.finalizedHead({ signal })
    for (let epoch = asked + 1; epoch <= asked + READ_AHEAD && this.#lastHeight(epoch) <= height; epoch++) {
      if (this.#ahead.has(epoch) || this.#init.isKnown(epoch)) continue
      const reading = this.#ask(epoch, signal)
      reading.catch(() => undefined)
      this.#ahead.set(epoch, reading)
    }
  }

  #lastHeight(epoch: number): number {
    const schedule = this.#init.run.manifest.chain
    return Math.max(beaconHeight(schedule, epoch), seatsHeight(schedule, epoch))
  }

  /** All of it has to be final. */
  async #ask(epoch: number, signal: AbortSignal): Promise<ReadFacts> {
    const { chain, run, wantsAnchors } = this.#init
    const schedule = run.manifest.chain
    const [toHeight, height] = [beaconHeight(schedule, epoch), this.#lastHeight(epoch)]
    const range = { afterHeight: epoch === 0 ? toHeight : beaconHeight(schedule, epoch - 1), toHeight }
    const [beacon, hash, bonds, records] = await Promise.all([
      chain.blockHash(toHeight, { signal }),
      chain.blockHash(height, { signal }),
      readBonds(chain, run, seatsHeight(schedule, epoch), signal),
      readRecords(chain, run, range, signal),
    ])
    const facts = { beacon, last: { height, hash }, bonds, records }
    return { facts, anchors: wantsAnchors(epoch) ? await readAnchors(chain, run.id, range, signal) : null }
  }
}

/** The run's bonds at a finalised height, of at least the floor. */
export async function readBonds(
  chain: Pick<Chain, 'bonds'>,
  { id, manifest }: Run,
  height: number,
  signal: AbortSignal,
): Promise<readonly Bond[]> {
  const floor = BigInt(manifest.stake.floor)
  return (await chain.bonds(id, height, { signal })).filter(bond => bond.stake >= floor)
}
