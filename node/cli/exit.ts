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
