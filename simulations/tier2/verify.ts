/** `swarm-node verify` over the folders that a run left. */
import { spawn } from 'node:child_process'
import { PROGRAM } from '../../node/local/programs.ts'

/** Lines of a failed check that are worth showing. */
const FAILED = /"holds":false/
const SHOWN_CHARACTERS = 300

/** Null where all checks hold, else what does not. */
export function verifyFolders(data: string, chainUrl: string, signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, 'verify', '--data', data, '--chain', chainUrl, '--json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
    }
    child.once('error', reject)
    child.once('close', code => {
      const line = said.split('\n').find(one => FAILED.test(one)) ?? said
      resolve(code === 0 ? null : `exit ${code}: ${line.slice(0, SHOWN_CHARACTERS)}`)
    })
  })
}
