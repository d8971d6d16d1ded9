/** Memory and processor time of a process and all that it started, as Linux tells them in /proc. Other systems tell nothing here. */
import { readdirSync, readFileSync } from 'node:fs'

export interface ProcessUse {
  readonly pid: number
  readonly parent: number
  readonly commandLine: string
  /** Resident now, and at the most so far. */
  readonly residentBytes: number
  readonly peakBytes: number
  /** User and system time so far, of all threads and of the main one. */
  readonly cpuSeconds: number
  readonly mainCpuSeconds: number
}

/** Of the times in /proc: 100 on every Linux that Node supports. */
const TICKS_A_SECOND = 100

export const TELLS_USE = process.platform === 'linux'

/** The process and its descendants; empty where the system does not tell. */
export function processTree(root: number): ProcessUse[] {
  if (!TELLS_USE) return []
  const all = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => readProcess(Number(name)) ?? [])
  const found = all.filter(({ pid }) => pid === root)
  // Grows while it is walked.
  for (const { pid } of found) found.push(...all.filter(({ parent }) => parent === pid))
  return found
}

/** Null where the process has ended, or is a kernel thread. */
function readProcess(pid: number): ProcessUse | null {
  const status = readIfThere(`/proc/${pid}/status`)
  const commandLine = readIfThere(`/proc/${pid}/cmdline`)
  if (status === null || commandLine === null) return null
  const field = (name: string): number | null => {
    const text = new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1]
    return text === undefined ? null : Number(text)
  }
  const [parent, resident, peak] = [field('PPid'), field('VmRSS'), field('VmHWM')]
  const [cpuSeconds, mainCpuSeconds] = [readCpu(`/proc/${pid}/stat`), readCpu(`/proc/${pid}/task/${pid}/stat`)]
  if (parent === null || resident === null || peak === null || cpuSeconds === null || mainCpuSeconds === null)
    return null
  return {
    pid,
    parent,
    commandLine: commandLine.replaceAll('\0', ' '),
    residentBytes: resident * 1024,
    peakBytes: peak * 1024,
    cpuSeconds,
    mainCpuSeconds,
  }
}

/** Fields 14 and 15 of proc_pid_stat(5); the name before them, in parentheses, may hold anything. */
function readCpu(path: string): number | null {
  const stat = readIfThere(path)
  if (stat === null) return null
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND
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
