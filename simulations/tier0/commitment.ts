import type { CommitChoice } from '../../node/peer/commit-decision.ts'
import type { Commit, Hash, Scope } from '../../protocols/wire/messages.ts'

export interface CommitmentInit {
  readonly scope: Scope
  readonly root: Hash
  readonly leaves: readonly Hash[]
  /** Of a micro-batch. */
  readonly tokens: number
  readonly choice: CommitChoice
}

/** What a replica is about to sign of its work. */
export function commitment({ scope, root, leaves, tokens, choice }: CommitmentInit): Commit {
  const { count, lossSumMicronats, trace } = choice
  return {
    kind: 'commit',
    scope,
    root,
    leaves,
    encoding: 'f32',
    count,
    tokens: count * tokens,
    lossSumMicronats,
    trace,
  }
}
