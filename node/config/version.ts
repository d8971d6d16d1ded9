/** The program's version, and the name under which libp2p's identify presents it to other peers. */
import packageFile from '../../package.json' with { type: 'json' }

export const PROGRAM_NAME = packageFile.name
export const PROGRAM_VERSION = packageFile.version

/** Whether nothing but the version is asked for, as of any program here. */
export function asksForVersion(args: readonly string[]): boolean {
  return args[0] === '--version' || args[0] === '-V'
}
