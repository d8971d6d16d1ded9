/** Finds what members posted as remarks in finalised blocks: anchors and records. A block is fetched once for both. */
import type { GenericExtrinsic } from '@polkadot/types'
import type { AnyTuple, CallBase } from '@polkadot/types/types'
import { hexToU8a } from '@polkadot/util'
import type { HexString } from '@polkadot/util/types'
import type { ContentId, PeerName } from '../../../../protocols/wire/messages.ts'
import { RECORD_LIMIT_BYTES } from '../../constants.ts'
import type { BlockRange, BlockReference, CallOptions } from '../../types.ts'
import { blockOf, eventsOf, isSystemEvent } from './blocks.ts'
import { type Connection, hashBytes } from './connection.ts'
import { BLOCKS_IN_FLIGHT, MAX_RANGE_BLOCKS } from './constants.ts'
import type { FinalizedBlocks } from './finalized.ts'
import { generalAddress } from './pallets.ts'
import type { BondReader } from './read-bonds.ts'
import { type Remark, RemarkCache } from './remark-cache.ts'

/** What was found in a remark, who posted it and where. */
export interface Posted<Content> {
  readonly content: Content
  readonly peer: PeerName
  readonly block: BlockReference
}

/** What a reader takes of the bytes of a remark; undefined where they are something else. */
export type Take<Content> = (bytes: Uint8Array) => Content | undefined

interface RemarkBlock {
  readonly height: number
  readonly remarks: readonly Remark[]
}

export class RemarkReader {
  readonly #connection: Connection
  readonly #finalized: FinalizedBlocks
  readonly #bonds: BondReader
  readonly #cache = new RemarkCache()

  constructor(connection: Connection, finalized: FinalizedBlocks, bonds: BondReader) {
    this.#connection = connection
    this.#finalized = finalized
    this.#bonds = bonds
  }

  /** In chain order, of accounts with a valid bond of `run` in the state of the remark's block. */
  async read<Content>(
    run: ContentId,
    { afterHeight, toHeight }: BlockRange,
    take: Take<Content>,
    options?: CallOptions,
  ): Promise<Posted<Content>[]> {
    const count = toHeight - afterHeight
    if (!(count <= MAX_RANGE_BLOCKS)) throw new RangeError(`at most ${MAX_RANGE_BLOCKS} blocks at a time`)
    // Finality is checked once, before any block is read.
    if (count > 0) await this.#finalized.hexAt(toHeight, options)
    const posted: Posted<Content>[] = []
    for (let height = afterHeight + 1; height <= toHeight; height += BLOCKS_IN_FLIGHT) {
      const heights = Array.from({ length: Math.min(BLOCKS_IN_FLIGHT, toHeight - height + 1) }, (_, i) => height + i)
      const blocks = await Promise.all(heights.map(each => this.#block(run, each, take, options)))
      posted.push(...blocks.flat())
    }
    return posted
  }

  async #block<Content>(
    run: ContentId,
    height: number,
    take: Take<Content>,
    options: CallOptions | undefined,
  ): Promise<Posted<Content>[]> {
    const remarks = await this.#remarksOf(height, options)
    const found = remarks.flatMap(({ account, bytes }) => {
      const content = take(bytes)
      return content === undefined ? [] : [{ account, content }]
    })
    if (found.length === 0) return []
    const hash = await this.#finalized.hexAt(height, options)
    const accounts = [...new Set(found.map(({ account }) => account))]
    const bonds = await this.#bonds.bondsOf(accounts, run, hash, options)
    const peers = new Map(bonds.map(bond => [bond.account, bond.peer]))
    return found.flatMap(({ account, content }) => {
      const peer = peers.get(account)
      return peer === undefined ? [] : [{ content, peer, block: { height, hash: hashBytes(hash) } }]
    })
  }

  async #remarksOf(height: number, options: CallOptions | undefined): Promise<readonly Remark[]> {
    const cached = this.#cache.get(height)
    if (cached !== undefined) return cached
    const fetch = (hash: HexString): Promise<RemarkBlock> =>
      this.#connection.ask('send a block', options, () => this.#fetch(hash))
    const { remarks } = await this.#finalized.blockAt(height, fetch, options)
    this.#cache.set(height, remarks)
    return remarks
  }

  async #fetch(hash: HexString): Promise<RemarkBlock> {
    const { height, extrinsics } = await blockOf(this.#connection, hash)
    const candidates = extrinsics.flatMap((extrinsic, index) => {
      const bytes = extrinsic.isSigned ? remarkIn(extrinsic) : undefined
      return bytes === undefined ? [] : [{ index, account: signerOf(extrinsic), bytes }]
    })
    if (candidates.length === 0) return { height, remarks: [] }
    const events = await eventsOf(this.#connection, hash)
    const remarks = candidates
      .filter(({ index }) => events.some(event => isSystemEvent(event, 'ExtrinsicSuccess', index)))
      .map(({ account, bytes }) => ({ account, bytes }))
    return { height, remarks }
  }
}

function signerOf(extrinsic: GenericExtrinsic): string {
  return generalAddress(extrinsic.signer.toString())
}

type AnyCall = Pick<CallBase<AnyTuple>, 'section' | 'method' | 'args'>

/** The one remark of a call that may be ours: itself, or the first of an atomic batch. */
function remarkIn({ method: call }: GenericExtrinsic): Uint8Array | undefined {
  if (call.section !== 'utility' || call.method !== 'batchAll') return remarkOf(call)
  const calls: unknown = call.args[0]
  const first: unknown = Array.isArray(calls) ? calls[0] : undefined
  return isCall(first) ? remarkOf(first) : undefined
}

function isCall(value: unknown): value is AnyCall {
  return typeof value === 'object' && value !== null && 'section' in value && 'method' in value && 'args' in value
}

function remarkOf(call: AnyCall): Uint8Array | undefined {
  if (call.section !== 'system' || call.method !== 'remarkWithEvent') return undefined
  const hex = call.args[0]?.toHex() ?? '0x'
  return hex.length <= 2 + 2 * RECORD_LIMIT_BYTES ? hexToU8a(hex) : undefined
}
