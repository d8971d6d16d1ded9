/** Processes that are not this one's children: all one can do is look. */
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** Nothing tells when a stranger's process ends. */
const LOOK_MS = 50

/** Resolves with the milliseconds until none of these runs; rejects when the time is over. */
export async function allGone(pids: readonly number[], withinMs: number): Promise<number> {
  const beganMs = performance.now()
  for (;;) {
    const left = pids.filter(isAlive)
    const elapsedMs = performance.now() - beganMs
    if (left.length === 0) return elapsedMs
    if (elapsedMs > withinMs) throw new Error(`after ${withinMs} ms there are still processes ${left.join(', ')}`)
    await delay(LOOK_MS)
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    // No such process.
    return false
  }
  return process.platform !== 'linux' || !isZombie(pid)
}

/** It has ended, and whoever inherited it has not asked how. */
function isZombie(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return status.charAt(status.lastIndexOf(')') + 2) === 'Z'
  } catch {
    // It ended between two looks.
    return true
  }
}

/** Does someone listen there? */
export function answers(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  return new Promise(resolve => {
    const socket = connect({ host: hostname, port: Number(port) })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
