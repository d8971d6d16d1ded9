/** The modelled chain as one peer's RPC shows it: the `Chain` that composePeer is handed. */
import { ChainUnavailable } from '../../consensus/chain/errors.ts'
import { recordKind } from '../../consensus/chain/records.ts'
import type { Anchor, BlockRange, BlockReference, Bond, CallOptions, Chain } from '../../consensus/chain/types.ts'
import type { Hash, PeerName } from '../../protocols/wire/messages.ts'
import { FIRST_FINAL, type SimChain } from '../kernel/chain.ts'
import type { SimProcess } from './process.ts'

/** A transaction of the modelled chain: who posts what. */
export interface PostedBy {
  readonly peer: PeerName
  readonly content: { readonly anchor: Anchor } | { readonly record: Uint8Array }
}

/** To the chain's node and back, ms. */
const RPC_MS = 30
/** A transaction that is in no block by then was lost, ms. */
const GIVE_UP_MS = 60_000
/** How often a poster looks for its transaction, ms. */
const LOOK_MS = 500

/** The node that a peer asks; it outlives the peer's process. */
export class ChainNode {
  isHanging = false
  /** Blocks by which its finalised head is behind while it lies. */
  lagBlocks = 0
  /** It never goes back behind what it has shown. */
  shownHeight = 0
}

export interface ChainViewInit {
  readonly chain: SimChain<PostedBy>
  readonly genesis: Hash
  readonly bonds: readonly Bond[]
  readonly self: PeerName
  readonly process: SimProcess
  /** What is wrong with the peer's node now. */
  readonly node: ChainNode
  /** New finalised heads, for everybody. */
  readonly onFinalized: (callback: () => void) => () => void
}

export function chainView(init: ChainViewInit): Chain {
  const { chain, genesis, process, self, node } = init
  const head = (): BlockReference => {
    node.shownHeight = Math.max(node.shownHeight, FIRST_FINAL, chain.finalized.height - node.lagBlocks)
    return chain.block(node.shownHeight)
  }
  /** After the way to the node and back; never while the RPC hangs, but for the caller's signal. */
  const call = <Result>(answer: () => Result, options: CallOptions = {}): Promise<Result> =>
    new Promise((resolve, reject) => {
      const { signal } = options
      signal?.throwIfAborted()
      const onAbort = (): void => reject(signal?.reason)
      signal?.addEventListener('abort', onAbort, { once: true })
      const attempt = (): void => {
        if (node.isHanging) {
          process.clock.after(LOOK_MS, attempt)
          return
        }
        signal?.removeEventListener('abort', onAbort)
        try {
          resolve(answer())
        } catch (error) {
          reject(error)
        }
      }
      process.clock.after(RPC_MS, attempt)
    })
  /** Until the transaction is in a block of the best chain, unless it was lost. */
  const post = async (content: PostedBy['content'], options?: CallOptions): Promise<BlockReference> => {
    const from = await call(() => chain.best.height, options)
    const posted: PostedBy = { peer: self, content }
    await call(() => chain.submit(posted), options)
    const untilMs = process.clock.nowMs() + GIVE_UP_MS
    while (process.clock.nowMs() < untilMs) {
      await new Promise<void>(resolve => process.clock.after(LOOK_MS, resolve))
      options?.signal?.throwIfAborted()
      const found = chain.transactions(from, chain.best.height).find(({ transaction }) => transaction === posted)
      if (found !== undefined) return chain.block(found.height)
    }
    throw new ChainUnavailable('the transaction is in no block')
  }
  /** What `take` finds in the transactions of these blocks, as this peer's node shows them. */
  const find = <Content extends object>(
    { afterHeight, toHeight }: BlockRange,
    take: (content: PostedBy['content']) => Content | undefined,
    options?: CallOptions,
  ): Promise<(Content & { readonly peer: PeerName; readonly block: BlockReference })[]> =>
    call(
      () =>
        chain.transactions(afterHeight, Math.min(toHeight, head().height)).flatMap(({ height, transaction }) => {
          const found = take(transaction.content)
          return found === undefined ? [] : [{ ...found, peer: transaction.peer, block: chain.block(height) }]
        }),
      options,
    )
  return {
    genesis,
    finalizedHead: options => call(head, options),
    onFinalized: callback => init.onFinalized(() => void call(head).then(callback)),
    blockHash: (height, options) =>
      call(() => {
        if (height > head().height) throw new ChainUnavailable(`block ${height} is not final`)
        return chain.block(height).hash
      }, options),
    bonds: (_, __, options) => call(() => init.bonds, options),
    bond: () => Promise.reject(new ChainUnavailable('bonds are given in a simulation')),
    anchor: (_, anchor, options) => post({ anchor }, options),
    anchors: (_, range, options) => find(range, content => ('anchor' in content ? content.anchor : undefined), options),
    postRecord: (_, record, options) => post({ record }, options),
    records: (run, range, options) =>
      find(
        range,
        content => {
          const kind = 'record' in content ? recordKind(content.record, run) : null
          return 'record' in content && kind !== null ? { kind, record: content.record } : undefined
        },
        options,
      ),
    close: async () => undefined,
  }
}
