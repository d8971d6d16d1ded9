/**
 * A frozen process does not notice that its parent is gone. This helper does, however the parent ends, and thaws all; they
 * then find their standard input closed and end by themselves.
 */
import { type ChildProcess, spawn } from 'node:child_process'

/** Reads process ids until its standard input closes. Ids that have ended since are no error; others are not harmed. */
const SCRIPT = 'ids=""; while read id; do ids="$ids $id"; done; kill -CONT $ids 2>/dev/null; exit 0'

export class Guard {
  readonly #process: ChildProcess

  constructor() {
    // In a group of its own: Ctrl-C in a terminal must not end it before its parent.
    this.#process = spawn('sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
    // It has ended: whatever is written then has nobody left to guard.
    this.#process.stdin?.on('error', () => undefined)
  }

  watch(pid: number): void {
    this.#process.stdin?.write(`${pid}\n`)
  }

  async close(): Promise<void> {
    const ended = new Promise<void>(resolve => this.#process.once('close', () => resolve()))
    this.#process.stdin?.end()
    await ended
  }
}
