/** Finds anchors in finalised blocks. */
import type { GenericExtrinsic } from '@polkadot/types'
import type { AnyTuple, CallBase } from '@polkadot/types/types'
import { hexToU8a } from '@polkadot/util'
import type { HexString } from '@polkadot/util/types'
import { decodeAnchorRemark } from '../../anchor.ts'
import { ANCHOR_LIMIT_BYTES } from '../../constants.ts'
import type { CallOptions, PostedAnchor } from '../../types.ts'
import { eventsOf, extrinsicsOf, isSystemEvent } from './blocks.ts'
import { type Connection, hashBytes } from './connection.ts'
import { BLOCKS_IN_FLIGHT, MAX_ANCHOR_RANGE_BLOCKS, MAX_CACHED_ANCHOR_BLOCKS } from './constants.ts'
import type { FinalizedBlocks } from './finalized.ts'
import { generalAddress } from './pallets.ts'
import type { BondReader } from './read-bonds.ts'

/** A remark that was executed, in the order of its block. */
interface Remark {
  /** SS58, prefix 42. */
  readonly account: string
  readonly bytes: Uint8Array
}

export class AnchorReader {
  readonly #connection: Connection
  readonly #finalized: FinalizedBlocks
  readonly #bonds: BondReader
  /** Short remarks of each finalised block that was read, by height. */
  readonly #remarks = new Map<number, readonly Remark[]>()

  constructor(connection: Connection, finalized: FinalizedBlocks, bonds: BondReader) {
    this.#connection = connection
    this.#finalized = finalized
    this.#bonds = bonds
  }

  /** Anchors of `run` in (afterHeight, toHeight], in chain order, of accounts with a valid bond in the state of the anchor's block. */
  async read(run: string, afterHeight: number, toHeight: number, options?: CallOptions): Promise<PostedAnchor[]> {
    const count = toHeight - afterHeight
    if (!(count <= MAX_ANCHOR_RANGE_BLOCKS)) throw new RangeError(`at most ${MAX_ANCHOR_RANGE_BLOCKS} blocks at a time`)
    // Finality is checked once, before any block is read.
    if (count > 0) await this.#finalized.hexAt(toHeight, options)
    const anchors: PostedAnchor[] = []
    for (let height = afterHeight + 1; height <= toHeight; height += BLOCKS_IN_FLIGHT) {
      const heights = Array.from({ length: Math.min(BLOCKS_IN_FLIGHT, toHeight - height + 1) }, (_, i) => height + i)
      const blocks = await Promise.all(heights.map(each => this.#block(run, each, options)))
      anchors.push(...blocks.flat())
    }
    return anchors
  }

  async #block(run: string, height: number, options: CallOptions | undefined): Promise<PostedAnchor[]> {
    const remarks = await this.#remarksOf(height, options)
    const found = remarks.flatMap(({ account, bytes }) => {
      const anchor = decodeAnchorRemark(bytes, run)
      return anchor === undefined ? [] : [{ account, anchor }]
    })
    if (found.length === 0) return []
    const hash = await this.#finalized.hexAt(height, options)
    const accounts = [...new Set(found.map(({ account }) => account))]
    const bonds = await this.#bonds.bondsOf(accounts, run, hash, options)
    const peers = new Map(bonds.map(bond => [bond.account, bond.peer]))
    return found.flatMap(({ account, anchor }) => {
      const peer = peers.get(account)
      return peer === undefined ? [] : [{ ...anchor, peer, block: { height, hash: hashBytes(hash) } }]
    })
  }

  async #remarksOf(height: number, options: CallOptions | undefined): Promise<readonly Remark[]> {
    const cached = this.#remarks.get(height)
    if (cached !== undefined) return cached
    const hash = await this.#finalized.hexAt(height, options)
    const remarks = await this.#connection.ask('send a block', options, () => this.#fetch(hash))
    this.#remarks.set(height, remarks)
    if (this.#remarks.size > MAX_CACHED_ANCHOR_BLOCKS) this.#remarks.delete(this.#remarks.keys().next().value!)
    return remarks
  }

  async #fetch(hash: HexString): Promise<readonly Remark[]> {
    const extrinsics = await extrinsicsOf(this.#connection, hash)
    const candidates = extrinsics.flatMap((extrinsic, index) => {
      const bytes = extrinsic.isSigned ? remarkIn(extrinsic) : undefined
      return bytes === undefined ? [] : [{ index, account: signerOf(extrinsic), bytes }]
    })
    if (candidates.length === 0) return []
    const events = await eventsOf(this.#connection, hash)
    return candidates
      .filter(({ index }) => events.some(event => isSystemEvent(event, 'ExtrinsicSuccess', index)))
      .map(({ account, bytes }) => ({ account, bytes }))
  }
}

function signerOf(extrinsic: GenericExtrinsic): string {
  return generalAddress(extrinsic.signer.toString())
}

type AnyCall = Pick<CallBase<AnyTuple>, 'section' | 'method' | 'args'>

/** The one short remark of a call: itself, or the first of an atomic batch. */
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
  return hex.length <= 2 + 2 * ANCHOR_LIMIT_BYTES ? hexToU8a(hex) : undefined
}
