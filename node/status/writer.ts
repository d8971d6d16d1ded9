/** Keeps `status.json` of a running peer: rewritten whole, at most once in two seconds, and now and then without news. */
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ContentId } from '../../protocols/wire/messages.ts'
import type { EventBus } from '../events/bus.ts'
import { wallClockMs } from '../events/wall-clock.ts'
import { applyEvent, firstStatus } from './apply.ts'
import type { PeerStatus } from './types.ts'

export const STATUS_FILE = 'status.json'
/** Between two writes, ms: rounds may be shorter, and nobody reads as fast. */
const WRITE_MIN_MS = 2_000
/** Without news the file is written this often, ms: its age says that the peer is alive. */
export const HEARTBEAT_MS = 10_000

export interface StatusWriterInit {
  readonly folder: string
  readonly run: ContentId
  readonly bus: EventBus
  /** Asked at each write. */
  readonly connections: () => PeerStatus['connections']
  readonly onFailed: (error: Error) => void
}

export class StatusWriter {
  readonly #init: StatusWriterInit
  readonly #unsubscribe: () => void
  #status: PeerStatus
  #timer: NodeJS.Timeout | null = null
  #dueMs = 0
  #writing: Promise<void> = Promise.resolve()
  #hasFailed = false

  constructor(init: StatusWriterInit) {
    this.#init = init
    this.#status = firstStatus(init.run, process.pid, wallClockMs())
    this.#unsubscribe = init.bus.subscribe(event => {
      const next = applyEvent(this.#status, event)
      if (next === this.#status) return
      this.#status = next
      this.#writeIn(Math.max(0, this.#dueMs - wallClockMs()))
    })
    this.#writeIn(0)
  }

  /** Writes for the last time: how the peer ended. */
  async stop(how: string): Promise<void> {
    this.#unsubscribe()
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#status = { ...this.#status, stopped: how, waiting: '' }
    await this.#write()
  }

  #writeIn(delayMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#dueMs = wallClockMs() + WRITE_MIN_MS
      this.#writeIn(HEARTBEAT_MS)
      void this.#write()
    }, delayMs)
    this.#timer.unref()
  }

  #write(): Promise<void> {
    const { folder, connections, onFailed } = this.#init
    const write = async (): Promise<void> => {
      this.#status = { ...this.#status, updatedMs: wallClockMs(), connections: connections() }
      const path = join(folder, STATUS_FILE)
      await writeFile(`${path}.new`, `${JSON.stringify(this.#status)}\n`)
      await rename(`${path}.new`, path)
    }
    this.#writing = this.#writing.then(write).catch((error: Error) => {
      // A full disk shows elsewhere too; once is enough, and the peer goes on.
      if (!this.#hasFailed) onFailed(error)
      this.#hasFailed = true
    })
    return this.#writing
  }
}
