/** Why a child program ended, from its exit code and what it said last. */
import { ExitError, exitNameOf } from '../cli/exit.ts'
import type { ChildEnd } from './child.ts'

/** Our programs end with a sentence and a line that says what to do next; the chain puts its name before the sentence. */
const NEXT = /^Next: /
const NAME = /^chain: /
/** Of a stack trace, only the sentence above it says something in one line. */
const STACK = /^\s*at |^Node\.js v|^\s*$/

export interface LastWords {
  /** What it said, in one line; how it ended where it said nothing. */
  readonly reason: string
  /** What it proposed to do. */
  readonly next: string | null
}

export function lastWords({ code, signal, errorText }: ChildEnd): LastWords {
  const lines = errorText.split('\n')
  const next = lines.findLast(line => NEXT.test(line))?.replace(NEXT, '') ?? null
  const reason = lines.findLast(line => !NEXT.test(line) && !STACK.test(line))?.replace(NAME, '')
  return { reason: reason?.trim() ?? (signal === null ? `code ${code}` : `killed by ${signal}`), next }
}

/** As an error of ours, with the child's own exit code; `advise` puts its advice in our terms. */
export function childFailure(
  who: string,
  end: ChildEnd,
  log: string,
  advise: (next: string) => string = next => next,
): ExitError {
  const { reason, next } = lastWords(end)
  return new ExitError(
    exitNameOf(end.code) ?? 'internal',
    `${who} ended: ${reason}`,
    next === null ? `less ${log}` : advise(next),
  )
}
