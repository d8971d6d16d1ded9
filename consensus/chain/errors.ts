/** What can go wrong with a chain, as types that callers can act on. */

/** The node does not answer, answers too late or answers nonsense: try again later or another node. Nothing was decided. */
export class ChainUnavailable extends Error {
  override readonly name = 'ChainUnavailable'
}

/** The node answers, but its chain lacks what swarm-node needs. */
export class ChainUnsupported extends Error {
  override readonly name = 'ChainUnsupported'
  /** Pallets, calls or limits, e.g. `uniques.create`. */
  readonly missing: readonly string[]

  constructor(missing: readonly string[]) {
    super(`this chain lacks ${missing.join(', ')}`)
    this.missing = missing
  }
}

/** The chain executed or refused a transaction of ours: trying again unchanged does not help. */
export class TransactionRefused extends Error {
  override readonly name = 'TransactionRefused'
  /** `pallet.Error` as the runtime names it, or `rpc.<code>`. */
  readonly reason: string

  constructor(reason: string, sentence: string) {
    super(`${sentence} (${reason})`)
    this.reason = reason
  }
}
