/** Runs the tool in this process, in a folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { swarmSim } from '../../../simulations/cli/program.ts'

export const HARNESS = new URL('small-harness.ts', import.meta.url).href

export interface Ended {
  readonly code: number
  readonly output: string
  readonly errors: string
  readonly progress: string
}

export interface Tool {
  readonly folder: string
  run(
    args: readonly string[],
    options?: { readonly isTerminal?: boolean; readonly signal?: AbortSignal },
  ): Promise<Ended>
}

/** Call it inside `describe`: makes the folder before its tests and takes it away after them. */
export function useTool(): Tool {
  let folder = ''
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'swarm-sim-test-'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))
  return {
    get folder() {
      return folder
    },
    async run(args, { isTerminal = false, signal = new AbortController().signal } = {}) {
      let [output, errors, progress] = ['', '', '']
      const code = await swarmSim(args, {
        print: text => {
          output += `${text}\n`
        },
        complain: text => {
          errors += `${text}\n`
        },
        terminal: isTerminal
          ? {
              columns: 100,
              write: text => {
                progress += text
              },
            }
          : null,
        colours: false,
        folder,
        harness: HARNESS,
        signal,
      })
      return { code, output, errors, progress }
    },
  }
}
