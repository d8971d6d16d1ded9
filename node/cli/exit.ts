/** Exit codes, after sysexits.h; every one is documented in docs/reference/cli.md. */
export const EXIT = {
  ok: 0,
  /** `verify` found something that does not hold. */
  invalid: 1,
  usage: 64,
  unavailable: 69,
  internal: 70,
  data: 73,
  refused: 77,
  configuration: 78,
} as const

export type ExitName = keyof typeof EXIT

/** An error that ends the program with one line: what happened, why probably, and the next command. */
export class ExitError extends Error {
  override readonly name = 'ExitError'
  readonly exit: ExitName
  /** The command or step that most likely helps. */
  readonly next: string

  constructor(exit: ExitName, message: string, next: string, options?: { cause?: unknown }) {
    super(message, options)
    this.exit = exit
    this.next = next
  }
}

/** The name of an exit code that a child ended with, or null where it is none of ours. */
export function exitNameOf(code: number | null): ExitName | null {
  const entry = Object.entries(EXIT).find(([, value]) => value === code)
  return entry === undefined || code === EXIT.ok ? null : (entry[0] as ExitName)
}
