/** How the program tells an operator what is wrong: one line, the next command, an exit code. */
import { expect } from 'chai'
import { EXIT, type ExitName } from '../../../node/cli/exit.ts'
import { type Ended, type ProgramOptions, runProgram } from '../harness/index.ts'

export interface Refusal {
  readonly exit: ExitName
  /** What the one line says. */
  readonly says: RegExp
  /** What to do next. */
  readonly next: RegExp
}

export async function expectRefusal(
  args: readonly string[],
  refusal: Refusal,
  options: ProgramOptions = {},
): Promise<Ended> {
  const ended = await runProgram(args, options)
  expectRefused(ended, refusal)
  return ended
}

export function expectRefused({ code, errors }: Ended, { exit, says, next }: Refusal): void {
  const lines = errors.split('\n')
  expect(lines, errors).to.have.length(3)
  expect(lines[0]).to.match(says)
  expect(lines[1]).to.match(/^Next: \S/)
  expect(lines[1]?.slice('Next: '.length)).to.match(next)
  expect(lines[2]).to.equal('')
  expect(code, errors).to.equal(EXIT[exit])
}
