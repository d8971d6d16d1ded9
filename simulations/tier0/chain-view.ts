/** The chain as one peer sees it through its node: later than it is, not at all while the node hangs, old while it lies. */
import type { Hash } from '../../protocols/wire/messages.ts'
import type { SimBlock } from '../kernel/chain.ts'
import { RPC_MS } from './constants.ts'
import type { SimPeer } from './peer.ts'

export class ChainView {
  readonly #peer: SimPeer
  readonly #waiting: { readonly height: number; readonly run: () => void }[] = []
  #backlog: (() => void)[] = []
  #seen: SimBlock
  #isHanging = false
  /** Blocks by which the node's finalised head is behind while it lies. */
  lagBlocks = 0

  constructor(peer: SimPeer) {
    this.#peer = peer
    this.#seen = peer.world.chain.finalized
  }

  get finalized(): SimBlock {
    return this.#seen
  }

  get isHanging(): boolean {
    return this.#isHanging
  }

  set isHanging(isHanging: boolean) {
    this.#isHanging = isHanging
    if (isHanging) return
    const backlog = this.#backlog
    this.#backlog = []
    for (const run of backlog) this.#call(run)
  }

  /** A new process asks its node afresh. */
  restart(): void {
    this.#backlog = []
    this.#waiting.length = 0
  }

  onFinalized(block: SimBlock): void {
    this.#call(() => {
      const height = Math.max(this.#seen.height, block.height - this.lagBlocks)
      this.#seen = this.#peer.world.chain.block(height)
      const due = this.#waiting.filter(one => one.height <= height)
      for (const one of due) this.#waiting.splice(this.#waiting.indexOf(one), 1)
      this.#peer.onFinalized(this.#seen)
      for (const one of due) one.run()
    })
  }

  whenFinal(height: number, run: () => void): void {
    if (this.#seen.height >= height) run()
    else this.#waiting.push({ height, run })
  }

  blockAt(height: number, run: (hash: Hash) => void): void {
    this.whenFinal(height, () => this.#call(() => run(this.#peer.world.chain.block(height).hash)))
  }

  /** An answer of the node. */
  call(run: () => void): void {
    this.#call(run)
  }

  #call(run: () => void): void {
    if (this.#isHanging) this.#backlog.push(run)
    else this.#peer.after(RPC_MS, run)
  }
}
