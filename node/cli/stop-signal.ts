/** When a program is to end. */

/** A terminal's Ctrl-C reaches npm, a wrapper and the program, and those pass it on: one key press, several signals. */
const ONE_PRESS_MS = 1000

/**
 * Fires at the first Ctrl-C or SIGTERM, and where nobody reads the output any more. A second press is impatience: the
 * process ends at once, with that exit code. The journal is written ahead, so nothing certified is lost.
 */
export function stopSignal(impatientExit: number): AbortSignal {
  const stop = new AbortController()
  let abortedMs = 0
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      const nowMs = performance.now()
      if (stop.signal.aborted && nowMs - abortedMs >= ONE_PRESS_MS) process.exit(impatientExit)
      if (stop.signal.aborted) return
      abortedMs = nowMs
      stop.abort(new Error(signal))
    })
  }
  process.stdout.on('error', error => stop.abort(error))
  return stop.signal
}
