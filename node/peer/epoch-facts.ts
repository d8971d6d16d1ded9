/**
 * What the chain says that the seats of an epoch follow from. All of it is final: whenever it is read, it is the same. A peer
 * keeps it in its data folder: otherwise one that starts again reads the chain from the run's first block on.
 */
import { decode, encode } from '@ipld/dag-cbor'
import type { BlockRange, Bond, CallOptions, Chain, PostedAnchor } from '../../consensus/chain/types.ts'
import { beaconHeight, epochOf } from '../../consensus/election/index.ts'
import { equalBytes } from '../../protocols/wire/hash.ts'
import type { ContentId } from '../../protocols/wire/messages.ts'
import { NumberedLog, type Storage } from '../journal/index.ts'
import type { Run } from '../run/folder.ts'
import { type EpochFacts, EpochReader } from './epoch-reader.ts'
import { finalizedAt } from './finalized-at.ts'

/** With what was anchored in the same blocks, which is at hand when they were read. */
interface KeptFacts extends EpochFacts {
  readonly anchors: readonly PostedAnchor[]
}

/** Epochs of which the answers are at hand: the one that is read now, and those around it. */
const AT_HAND = 4
/** An epoch of 64 blocks, each full of records, has 20 MiB of them; some KiB are usual. */
const FACTS_MAX_BYTES = 1024 * 1024
/** Of the file: with 32 seats and epochs of six minutes a quarter of a year. What is beyond it is read from the chain again. */
const FILE_MAX_BYTES = 128 * 1024 * 1024
const FILE = 'epochs'
const VERSION = 2
/** In the place of an epoch of which there is too much to keep. */
const NOT_KEPT = new Uint8Array(0)

type Asked = Pick<Chain, 'blockHash' | 'bonds' | 'records' | 'anchors' | 'finalizedHead' | 'onFinalized'>

/** Where anchors are read. */
export type PostedAnchors = Pick<Chain, 'anchors' | 'finalizedHead'>

export interface EpochFactsInit {
  readonly chain: Asked
  readonly run: Run
  /** Where they are kept; absent: nowhere. */
  readonly kept?: { readonly openStorage: () => Promise<Storage>; readonly onWarning: (message: string) => void }
}

export class EpochFactsReader implements PostedAnchors {
  readonly #init: EpochFactsInit
  readonly #atHand = new Map<number, EpochFacts>()
  readonly #reader: EpochReader
  #log: NumberedLog | null = null
  #adding: Promise<void> = Promise.resolve()

  private constructor(init: EpochFactsInit) {
    this.#init = init
    this.#reader = new EpochReader({
      ...init,
      isKnown: epoch => this.#atHand.has(epoch) || epoch < (this.#log?.count ?? 0),
      wantsAnchors: epoch => this.#log !== null && epoch >= this.#log.count,
    })
  }

  /** Waits until block S is final. */
  static async open(init: EpochFactsInit, signal: AbortSignal): Promise<EpochFactsReader> {
    const { chain, run, kept } = init
    const { startHeight } = run.manifest.chain
    await finalizedAt(chain, startHeight, signal)
    const reader = new EpochFactsReader(init)
    if (kept === undefined) return reader
    const { openStorage, onWarning } = kept
    const header = encode(['epoch-facts', VERSION, run.id, await chain.blockHash(startHeight, { signal })])
    try {
      reader.#log = await NumberedLog.open({
        storage: await openStorage(),
        file: FILE,
        header,
        maxPayloadBytes: FACTS_MAX_BYTES,
        maxBytes: FILE_MAX_BYTES,
        onLost: why => onWarning(`the chain is read again from block ${startHeight} on: ${why}`),
      })
    } catch (error) {
      await reader.#giveUp(error)
    }
    await reader.#dropContradicted(signal).catch(async error => {
      await reader.close()
      throw error
    })
    return reader
  }

  /** Waits until they are final. */
  async of(epoch: number, signal: AbortSignal): Promise<EpochFacts> {
    const facts = this.#atHand.get(epoch) ?? factsOf(await this.#kept(epoch)) ?? (await this.#read(epoch, signal))
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
      if (epoch >= (this.#log?.count ?? 0)) break
      const kept = await this.#kept(epoch)
      const read = { afterHeight: at, toHeight: endHeight }
      const anchors = kept?.anchors ?? (await this.#init.chain.anchors(run, read, options))
      found.push(...anchors.filter(({ block: { height } }) => height > read.afterHeight && height <= endHeight))
      at = endHeight
    }
    if (at < toHeight) found.push(...(await this.#init.chain.anchors(run, { afterHeight: at, toHeight }, options)))
    return found
  }

  /** Nothing more is kept. */
  async close(): Promise<void> {
    const log = this.#log
    this.#log = null
    await this.#adding
    await log?.close()
  }

  /** It is a memory of what can be read again: nobody stops for it. */
  async #giveUp(error: unknown): Promise<void> {
    const log = this.#log
    this.#log = null
    this.#init.kept?.onWarning(`what the chain says is not kept, and is read again at the next start: ${String(error)}`)
    await log?.close().catch(() => undefined)
  }

  async #kept(epoch: number): Promise<KeptFacts | null> {
    try {
      const payload = (await this.#log?.get(epoch)) ?? NOT_KEPT
      return payload.length === 0 ? null : decodeFacts(payload)
    } catch (error) {
      await this.#giveUp(error)
      return null
    }
  }

  async #read(epoch: number, signal: AbortSignal): Promise<EpochFacts> {
    const { facts, anchors } = await this.#reader.read(epoch, signal)
    if (anchors !== null) await this.#keep(epoch, { ...facts, anchors })
    return facts
  }

  /** In the order of the epochs, one after the other. */
  #keep(epoch: number, facts: KeptFacts): Promise<void> {
    this.#adding = this.#adding.then(async () => {
      const log = this.#log
      if (log?.count !== epoch) return
      try {
        if (!(await log.add(encodeFacts(facts)))) await log.add(NOT_KEPT)
      } catch (error) {
        await this.#giveUp(error)
      }
    })
    return this.#adding
  }

  /** Final blocks do not change: where the last that is remembered is another one now, all is of another chain. */
  async #dropContradicted(signal: AbortSignal): Promise<void> {
    const { chain, kept } = this.#init
    let newest: KeptFacts | null = null
    for (let epoch = (this.#log?.count ?? 0) - 1; epoch >= 0 && newest === null; epoch--)
      newest = await this.#kept(epoch)
    if (newest === null) return
    const { height, hash } = newest.last
    const head = await chain.finalizedHead({ signal })
    if (head.height < height)
      kept?.onWarning(
        `the chain shows ${head.height} final blocks, this data folder remembers ${height}: waiting for them`,
      )
    await finalizedAt(chain, height, signal)
    if (equalBytes(await chain.blockHash(height, { signal }), hash)) return
    kept?.onWarning(
      `the chain has another block ${height} than this data folder remembers: it is read again from the first one`,
    )
    try {
      await this.#log?.clear()
    } catch (error) {
      await this.#giveUp(error)
    }
  }
}

/** As they are written: DAG-CBOR has no integers as large as a stake may be. */
type WrittenFacts = Omit<KeptFacts, 'bonds'> & { readonly bonds: readonly (Omit<Bond, 'stake'> & { stake: string })[] }

function factsOf(kept: KeptFacts | null): EpochFacts | null {
  if (kept === null) return null
  const { beacon, last, bonds, records } = kept
  return { beacon, last, bonds, records }
}

function encodeFacts({ bonds, ...facts }: KeptFacts): Uint8Array {
  const written: WrittenFacts = { ...facts, bonds: bonds.map(bond => ({ ...bond, stake: String(bond.stake) })) }
  return encode(written)
}

/** The file's header has told its version, and the record's own check has passed. */
function decodeFacts(payload: Uint8Array): KeptFacts {
  const { bonds, ...facts } = decode<WrittenFacts>(payload)
  return { ...facts, bonds: bonds.map(bond => ({ ...bond, stake: BigInt(bond.stake) })) }
}
