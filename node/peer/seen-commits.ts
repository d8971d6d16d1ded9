/**
 * What the seats of the stage committed to, this one too, for the two protocols that ask by author: `protocols/reduce`
 * checks partitions against the first COMMIT of a seat, `protocols/agreement` hands envelopes to those who lack them. Three
 * rounds are kept.
 */
import type { CommitQuery } from '../../protocols/agreement/types.ts'
import type { KnownCommit } from '../../protocols/reduce/types.ts'
import { equalBytes, hashHex } from '../../protocols/wire/hash.ts'
import type { Commit, Hash, PeerName, Scope, Signed } from '../../protocols/wire/messages.ts'

/** The round in progress, the one before (late siblings still fetch from it) and the next. */
const ROUNDS_KEPT = 3
/** A seat has one commitment; a liar's second is kept too, since a value may seal either. */
const PER_SEAT = 2

interface SeenRound {
  readonly commits: Map<PeerName, Signed<Commit>[]>
  /** Hex ids of proposed values. */
  readonly values: Set<string>
}

/** Values proposed in a round whose aggregates may be pushed: one a view, and views are few. */
const VALUES_KEPT = 16

export class SeenCommits {
  readonly #rounds = new Map<number, SeenRound>()

  /** True where it is the author's first of the round. */
  note(signed: Signed<Commit>): boolean {
    const { commits } = this.#round(signed.payload.scope.round)
    const known = commits.get(signed.signer) ?? []
    if (known.length >= PER_SEAT || known.some(({ payload }) => equalBytes(payload.root, signed.payload.root)))
      return false
    commits.set(signed.signer, [...known, signed])
    return known.length === 0
  }

  /** What this peer signed itself. */
  noteOwn(signed: Signed): void {
    if (isCommit(signed)) this.note(signed)
  }

  noteValue(round: number, id: Hash): void {
    const { values } = this.#round(round)
    if (values.size < VALUES_KEPT) values.add(hashHex(id))
  }

  hasValue(round: number, id: Hash): boolean {
    return this.#rounds.get(round)?.values.has(hashHex(id)) ?? false
  }

  commitOf(scope: Scope, author: PeerName): KnownCommit | null {
    const first = this.#rounds.get(scope.round)?.commits.get(author)?.[0]
    return first === undefined ? null : { root: first.payload.root, leaves: first.payload.leaves }
  }

  envelopes({ scope, missing }: CommitQuery): Uint8Array[] {
    const commits = this.#rounds.get(scope.round)?.commits
    return missing.flatMap(({ author, root }) =>
      (commits?.get(author) ?? []).filter(({ payload }) => equalBytes(payload.root, root)).map(one => one.envelope),
    )
  }

  /** The stage works on `round` now. */
  advance(round: number): void {
    for (const kept of this.#rounds.keys()) if (kept < round - 1 || kept > round + 1) this.#rounds.delete(kept)
  }

  #round(round: number): SeenRound {
    const known = this.#rounds.get(round)
    if (known !== undefined) return known
    const fresh: SeenRound = { commits: new Map(), values: new Set() }
    // Who calls has checked the window; this only keeps the bound where a round was skipped over.
    if (this.#rounds.size >= ROUNDS_KEPT) this.#rounds.delete(Math.min(...this.#rounds.keys()))
    this.#rounds.set(round, fresh)
    return fresh
  }
}

export function isCommit(signed: Signed): signed is Signed<Commit> {
  return signed.payload.kind === 'commit'
}
