/** Processes that a test started must not outlive the test run, whatever becomes of it. */
const running = new Set<number>()

process.on('exit', () => {
  for (const pid of running) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended in the meantime.
    }
  }
})

export function trackProcess(child: {
  readonly pid?: number | undefined
  once(event: 'exit', gone: () => void): unknown
}): void {
  const { pid } = child
  if (pid === undefined) return
  running.add(pid)
  child.once('exit', () => running.delete(pid))
}

/** For programs whose end is known otherwise. */
export function trackPid(pid: number, ended: Promise<unknown>): void {
  running.add(pid)
  const forget = (): void => void running.delete(pid)
  ended.then(forget, forget)
}
