/** Programs that must not outlive whoever started them, even when that one ends by kill -9. */

const WATCH_INTERVAL_MS = 1000

/** Under the Node wrapper of `bin.mjs`: ends this process when the wrapper is gone. */
export function endWithWrapper(): void {
  const wrapper = Number(process.env.SWARM_WRAPPER_PID)
  // The programs that this one starts have another parent.
  delete process.env.SWARM_WRAPPER_PID
  if (!Number.isInteger(wrapper) || wrapper <= 0) return
  setInterval(() => {
    if (process.ppid !== wrapper) process.kill(process.pid, 'SIGTERM')
  }, WATCH_INTERVAL_MS).unref()
}

/** Calls back once when standard input closes: the kernel closes it when the parent dies, however it dies. */
export function onParentGone(callback: () => void): void {
  process.stdin.on('end', callback)
  process.stdin.on('close', callback)
  process.stdin.on('error', callback)
  process.stdin.resume()
}
