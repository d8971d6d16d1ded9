/** Contradicting signatures: the first one counts, both travel on as evidence. */
import { contradiction } from '../../protocols/wire/evidence.ts'
import type { Signed } from '../../protocols/wire/messages.ts'
import { type Refusal, refuse } from '../../protocols/wire/refusals.ts'
import type { RoundState } from './state.ts'

/** What became of a message: it changed something, it was known, or it was refused. */
export type Verdict = 'new' | 'repeat' | Refusal

/** Reports what two signatures prove together, once a signer and kind. */
export function accuse(state: RoundState, first: Signed, second: Signed): Verdict {
  const evidence = contradiction(first, second)
  if (evidence === null) return 'repeat'
  const key = `${evidence.kind}/${evidence.accused}`
  if (!state.accused.has(key)) state.effects.push({ type: 'evidence', evidence })
  state.accused.add(key)
  return refuse('contradiction', evidence.kind)
}
