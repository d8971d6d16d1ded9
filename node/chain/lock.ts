/** One chain a folder: a file with the process id of the program that holds it. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ExitError } from '../cli/exit.ts'

/** Takes the folder; returns the release. Throws an {@link ExitError} 'data' while another process lives that holds it. */
export function lockFolder(directory: string): () => void {
  const file = join(directory, 'chain.lock')
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(file, `${process.pid}\n`, { flag: 'wx' })
      return () => rmSync(file, { force: true })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    const holder = holderOf(file)
    if (holder !== undefined && isAlive(holder)) throw locked(directory, file, holder)
    rmSync(file, { force: true })
  }
  throw locked(directory, file, undefined)
}

function holderOf(file: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(file, 'utf8'), 10)
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}

/** Our own id in the file is left over from before a reboot or from another container. */
function isAlive(pid: number): boolean {
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function locked(directory: string, file: string, holder: number | undefined): ExitError {
  const who = holder === undefined ? 'another process' : `process ${holder}`
  return new ExitError(
    'data',
    `the chain in ${directory} is already running (${who})`,
    `stop it, or remove ${file} if it is no chain`,
  )
}
