/** Final anchors by stage, read once for all peers: each asks for its own stage's, block after block. */
import { FIRST_FINAL, type IncludedTransaction, type SimChain } from '../kernel/chain.ts'
import { isAnchor, type SimAnchor, type SimTransaction } from './transactions.ts'

export class AnchorIndex {
  readonly #chain: Pick<SimChain<SimTransaction>, 'transactions'>
  readonly #byStage = new Map<number, IncludedTransaction<SimAnchor>[]>()
  #readHeight = FIRST_FINAL

  constructor(chain: Pick<SimChain<SimTransaction>, 'transactions'>) {
    this.#chain = chain
  }

  /** In order, those of the blocks of (afterHeight, toHeight], none of them before the run; `toHeight` is final. */
  of(stage: number, afterHeight: number, toHeight: number): readonly IncludedTransaction<SimAnchor>[] {
    this.#readTo(toHeight)
    const all = this.#byStage.get(stage) ?? []
    return all.filter(({ height }) => height > afterHeight && height <= toHeight)
  }

  #readTo(toHeight: number): void {
    if (toHeight <= this.#readHeight) return
    for (const { height, transaction } of this.#chain.transactions(this.#readHeight, toHeight)) {
      if (!isAnchor(transaction)) continue
      const known = this.#byStage.get(transaction.stage)
      if (known === undefined) this.#byStage.set(transaction.stage, [{ height, transaction }])
      else known.push({ height, transaction })
    }
    this.#readHeight = toHeight
  }
}
