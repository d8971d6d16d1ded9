/** When a process was started: process ids are reused, so a lock names both. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** How long `ps` may take, ms. */
const PS_TIMEOUT_MS = 2_000

/** True when the process exists, also when it belongs to someone else. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/**
 * A text that differs between two processes that have the same id, or null where the platform does not tell
 * (Windows; then a live id counts as the same process).
 */
export function processStart(pid: number): string | null {
  try {
    return process.platform === 'linux' ? linuxStart(pid) : process.platform === 'win32' ? null : psStart(pid)
  } catch {
    return null
  }
}

/** Boot id and start in clock ticks since boot: field 22 of /proc/<pid>/stat, counted after the name, which may hold spaces. */
function linuxStart(pid: number): string | null {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  return ticks === undefined ? null : `${boot} ${ticks}`
}

function psStart(pid: number): string | null {
  const text = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    timeout: PS_TIMEOUT_MS,
  }).trim()
  return text === '' ? null : text
}
