/**
 * What the chain says that the seats of an epoch follow from. All of it is final: whenever it is read, it is the same. A peer
 * keeps it in its data folder: otherwise one that starts again reads the chain from the run's first block on.
 */
import { decode, encode } from '@ipld/dag-cbor'
import type { BlockRange, Bond, CallOptions, Chain, PostedAnchor, PostedRecord } from '../../consensus/chain/types.ts'
import { beaconHeight, epochOf, seatsHeight } from '../../consensus/election/index.ts'
import { equalBytes } from '../../protocols/wire/hash.ts'
import type { ContentId, Hash } from '../../protocols/wire/messages.ts'
import { NumberedLog, type Storage } from '../journal/index.ts'
import type { Run } from '../run/folder.ts'
import { readAnchors } from './anchor-pages.ts'
import { finalizedAt } from './finalized-at.ts'
import { readRecords } from './stage-events.ts'

export interface EpochFacts {
  /** Hash of the block whose hash seeds the epoch. */
  readonly beacon: Hash
  /** Of at least the floor, in the state in which its seats are counted. */
  readonly bonds: readonly Bond[]
  /** In the blocks after the beacon of the epoch before, up to its own. */
  readonly records: readonly PostedRecord[]
  /** In the same blocks. */
  readonly anchors: readonly PostedAnchor[]
}

/** Epochs of which the answers are at hand: the one that is read now, and those around it. */
const AT_HAND = 4
/** An epoch of 64 blocks, each full of records, has 20 MiB of them; some KiB are usual. */
const FACTS_MAX_BYTES = 1024 * 1024
/** Of the file: with 32 seats and epochs of six minutes a quarter of a year. What is beyond it is read from the chain again. */
const FILE_MAX_BYTES = 128 * 1024 * 1024
const FILE = 'epochs'
const VERSION = 1

type Asked = Pick<Chain, 'blockHash' | 'bonds' | 'records' | 'anchors' | 'finalizedHead' | 'onFinalized'>

/** Where anchors are read. */
export type PostedAnchors = Pick<Chain, 'anchors' | 'finalizedHead'>

export interface EpochFactsInit {
  readonly chain: Asked
  readonly run: Run
  /** Where they are kept; absent: nowhere. */
  readonly kept?: { readonly storage: Storage; readonly onWarning: (message: string) => void }
}

export class EpochFactsReader implements PostedAnchors {
  readonly #init: EpochFactsInit
  readonly #atHand = new Map<number, EpochFacts>()
  #log: NumberedLog | null
  #adding: Promise<void> = Promise.resolve()

  private constructor(init: EpochFactsInit, log: NumberedLog | null) {
    this.#init = init
    this.#log = log
  }

  /** Waits until block S is final. */
  static async open(init: EpochFactsInit, signal: AbortSignal): Promise<EpochFactsReader> {
    const { chain, run, kept } = init
    const { startHeight } = run.manifest.chain
    await finalizedAt(chain, startHeight, signal)
    if (kept === undefined) return new EpochFactsReader(init, null)
    const { storage, onWarning } = kept
    const log = await NumberedLog.open({
      storage,
      file: FILE,
      header: encode(['epoch-facts', VERSION, run.id, await chain.blockHash(startHeight, { signal })]),
      maxPayloadBytes: FACTS_MAX_BYTES,
      maxBytes: FILE_MAX_BYTES,
      onLost: why => onWarning(`the chain is read again from block ${startHeight} on: ${why}`),
    })
    const reader = new EpochFactsReader(init, log)
    await reader.#dropContradicted(log, signal)
    return reader
  }

  /** Waits until they are final. */
  async of(epoch: number, signal: AbortSignal): Promise<EpochFacts> {
    const facts = this.#atHand.get(epoch) ?? (await this.#kept(epoch)) ?? (await this.#read(epoch, signal))
    this.#atHand.set(epoch, facts)
    if (this.#atHand.size > AT_HAND) this.#atHand.delete(this.#atHand.keys().next().value!)
    return facts
  }

  finalizedHead(options?: CallOptions): ReturnType<Chain['finalizedHead']> {
    return this.#init.chain.finalizedHead(options)
  }

  /** As the chain says; of epochs that are kept, from there. */
  async anchors(
    run: ContentId,
    { afterHeight, toHeight }: BlockRange,
    options?: CallOptions,
  ): Promise<readonly PostedAnchor[]> {
    const schedule = this.#init.run.manifest.chain
    const found: PostedAnchor[] = []
    let at = afterHeight
    for (let epoch = Math.max(1, epochOf(schedule, at)); at < toHeight; epoch++) {
      const endHeight = Math.min(toHeight, beaconHeight(schedule, epoch))
      if (endHeight <= at) continue
      const facts = await this.#kept(epoch)
      if (facts === null) break
      found.push(...facts.anchors.filter(({ block: { height } }) => height > at && height <= endHeight))
      at = endHeight
    }
    if (at < toHeight) found.push(...(await this.#init.chain.anchors(run, { afterHeight: at, toHeight }, options)))
    return found
  }

  /** What was read is kept no longer, and nothing more is. */
  async close(): Promise<void> {
    const log = this.#log
    this.#log = null
    await this.#adding
    await log?.close()
  }

  async #kept(epoch: number): Promise<EpochFacts | null> {
    const payload = (await this.#log?.get(epoch)) ?? null
    return payload === null ? null : decodeFacts(payload)
  }

  async #read(epoch: number, signal: AbortSignal): Promise<EpochFacts> {
    const { chain, run } = this.#init
    const schedule = run.manifest.chain
    const [toHeight, bondsHeight] = [beaconHeight(schedule, epoch), seatsHeight(schedule, epoch)]
    await finalizedAt(chain, Math.max(toHeight, bondsHeight), signal)
    const range = { afterHeight: epoch === 0 ? toHeight : beaconHeight(schedule, epoch - 1), toHeight }
    const [beacon, bonds, records] = await Promise.all([
      chain.blockHash(toHeight, { signal }),
      readBonds(chain, run, bondsHeight, signal),
      readRecords(chain, run, range, signal),
    ])
    // The blocks are at hand now.
    const anchors = await readAnchors(chain, run.id, range, signal)
    const facts = { beacon, bonds, records, anchors }
    await this.#keep(epoch, facts)
    return facts
  }

  /** One after the other, in the order of the epochs; what cannot be kept is read again at the next start. */
  async #keep(epoch: number, facts: EpochFacts): Promise<void> {
    await this.#adding
    const log = this.#log
    if (log === null || epoch !== log.count) return
    this.#adding = log.add(encodeFacts(facts)).then(
      () => undefined,
      error => {
        this.#log = null
        this.#init.kept?.onWarning(`what the chain says cannot be kept, and is read again at the next start: ${error}`)
      },
    )
    await this.#adding
  }

  /** Final blocks do not change: where the newest that is remembered is another one now, all is of another chain. */
  async #dropContradicted(log: NumberedLog, signal: AbortSignal): Promise<void> {
    const { chain, run, kept } = this.#init
    const newest = await this.#kept(log.count - 1)
    if (newest === null) return
    const height = beaconHeight(run.manifest.chain, log.count - 1)
    const head = await chain.finalizedHead({ signal })
    if (head.height < height)
      kept?.onWarning(
        `the chain shows ${head.height} final blocks, this data folder remembers ${height}: waiting for them`,
      )
    await finalizedAt(chain, height, signal)
    if (equalBytes(await chain.blockHash(height, { signal }), newest.beacon)) return
    kept?.onWarning(
      `the chain has another block ${height} than this data folder remembers: it is read again from the first one`,
    )
    await log.clear()
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

/** As they are written: DAG-CBOR has no integers as large as a stake may be. */
type KeptFacts = Omit<EpochFacts, 'bonds'> & { readonly bonds: readonly (Omit<Bond, 'stake'> & { stake: string })[] }

function encodeFacts({ bonds, ...facts }: EpochFacts): Uint8Array {
  const kept: KeptFacts = { ...facts, bonds: bonds.map(bond => ({ ...bond, stake: String(bond.stake) })) }
  return encode(kept)
}

/** The file's header has told its version, and the record's own check has passed. */
function decodeFacts(payload: Uint8Array): EpochFacts {
  const { bonds, ...facts } = decode<KeptFacts>(payload)
  return { ...facts, bonds: bonds.map(bond => ({ ...bond, stake: BigInt(bond.stake) })) }
}
