/** Memory of a process and all that it started, as Linux tells it in /proc. Other systems tell nothing here. */
import { readdirSync, readFileSync } from 'node:fs'

export interface ProcessMemory {
  readonly pid: number
  readonly parent: number
  readonly commandLine: string
  /** Resident now, and at the most so far. */
  readonly residentBytes: number
  readonly peakBytes: number
}

export const TELLS_MEMORY = process.platform === 'linux'

/** The process and its descendants; empty where the system does not tell. */
export function processTree(root: number): ProcessMemory[] {
  if (!TELLS_MEMORY) return []
  const all = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => readProcess(Number(name)) ?? [])
  const found = all.filter(({ pid }) => pid === root)
  // Grows while it is walked.
  for (const { pid } of found) found.push(...all.filter(({ parent }) => parent === pid))
  return found
}

/** Null where the process has ended, or is a kernel thread. */
function readProcess(pid: number): ProcessMemory | null {
  const status = readIfThere(`/proc/${pid}/status`)
  const commandLine = readIfThere(`/proc/${pid}/cmdline`)
  if (status === null || commandLine === null) return null
  const field = (name: string): number | null => {
    const text = new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1]
    return text === undefined ? null : Number(text)
  }
  const [parent, resident, peak] = [field('PPid'), field('VmRSS'), field('VmHWM')]
  if (parent === null || resident === null || peak === null) return null
  return {
    pid,
    parent,
    commandLine: commandLine.replaceAll('\0', ' '),
    residentBytes: resident * 1024,
    peakBytes: peak * 1024,
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    // ESRCH: it ended between two reads.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return null
    throw error
  }
}
