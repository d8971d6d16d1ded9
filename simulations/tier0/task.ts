/** Things that wait, written one after the other but run by callbacks: generators instead of promises, so time stays virtual. */

type Wait = (resume: () => void) => void

export type Task<R> = Generator<Wait, R, undefined>

/** Waits for one callback. A second call of it is ignored. */
export function* until<T>(start: (resume: (value: T) => void) => void): Task<T> {
  const given: T[] = []
  yield resume =>
    start(value => {
      if (given.length > 0) return
      given.push(value)
      resume()
    })
  return given[0] as T
}

/** Several at once, until so many have given something, or all have ended; what they gave, in the order of the tasks. */
export function* firstOf<R>(tasks: readonly Task<R | null>[], enough: number): Task<readonly R[]> {
  return yield* until<readonly R[]>(resume => {
    const results: (R | null)[] = tasks.map(() => null)
    const given = () => results.filter(result => result !== null)
    let missing = tasks.length
    if (missing === 0) resume([])
    for (const [index, task] of tasks.entries()) {
      spawn(
        task,
        () => true,
        result => {
          results[index] = result
          if (--missing === 0 || given().length >= enough) resume(given())
        },
      )
    }
  })
}

/** Runs a task to its end; it stops for good where `isAlive` is false when it would go on. */
export function spawn<R>(task: Task<R>, isAlive: () => boolean, done: (result: R) => void = () => {}): void {
  const go = (): void => {
    if (!isAlive()) return
    const next = task.next()
    if (next.done === true) done(next.value)
    else next.value(go)
  }
  go()
}
