/** Settings of V8 for the programs of a swarm. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Each round some 20 MB of buffers come and go outside of V8's heap. By itself V8 marks all of the heap after every 64 MB of
 * them, which took a quarter of the main thread's time; with this flag they count beside the heap towards one common limit.
 */
const COUNT_BUFFERS_WITH_HEAP = '--external-memory-accounted-in-global-limit'

/** Where that limit lies: at twice what the last collection left. A peer collects by itself before (`garbage.ts`). */
const MARK_AT_TWICE = '--heap-growing-percent=100'

/**
 * Frees dead buffers on the thread that made them. V8's helper took 80 ms beside the 200 of the main thread for 120 MB that are
 * received, and without it the main thread takes no longer; probably it frees them into another thread's part of the allocator.
 */
const FREE_BUFFERS_HERE = '--no-concurrent-array-buffer-sweeping'

/** Of Node 24. Other versions complain of a flag that they do not know. */
const isKnown = /^13\./.test(process.versions.v8)

/** The flags for a command line. Code is kept compiled under the flags that a process starts with (`node/cli/main.ts`). */
export const MEMORY_FLAGS: readonly string[] = isKnown
  ? [COUNT_BUFFERS_WITH_HEAP, MARK_AT_TWICE, FREE_BUFFERS_HERE]
  : []

/** For a process that was started without them. */
export function setMemoryFlags(): void {
  for (const flag of MEMORY_FLAGS) if (!process.execArgv.includes(flag)) setFlagsFromString(flag)
}

/** Of processes that are to collect by themselves: asking for it later would void the compiled code that is kept. */
export const COLLECTION_FLAGS: readonly string[] = ['--expose-gc']

/** One full collection, 50 to 100 ms: where a program knows better than V8 that there is much to gain. */
export function collectGarbage(): void {
  if (globalThis.gc === undefined) setFlagsFromString('--expose-gc')
  const collect: unknown = globalThis.gc ?? runInNewContext('gc')
  if (typeof collect === 'function') collect()
}
