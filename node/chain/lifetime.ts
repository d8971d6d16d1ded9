/** When the program shall end: at SIGTERM, SIGINT or, where asked for, the end of standard input, which only a dead parent closes. */

export type End = (reason: string) => void

/** Calls `end` for the first reason to end; returns a function that puts another one in its place. */
export function watchLifetime(parentStdin: boolean, end: End): (end: End) => void {
  let current = end
  let ended = false
  const first = (reason: string): void => {
    if (ended) return
    ended = true
    current(reason)
  }
  process.on('SIGTERM', () => first('SIGTERM'))
  process.on('SIGINT', () => first('SIGINT'))
  if (parentStdin) {
    for (const event of ['end', 'close', 'error']) process.stdin.on(event, () => first('the parent is gone'))
    process.stdin.resume()
  }
  return next => {
    current = next
  }
}
