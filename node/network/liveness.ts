/**
 * Ends connections that nothing comes through any more. What arrives is proof enough that the other end is there, so only a
 * silent connection is asked, by a frame of yamux: a stream for each question, as libp2p's own monitor opens, was a third of
 * all segments of a swarm at rest. What goes out is proof as well: the kernel takes more only as the other end does, while over a
 * slow line a question waits behind megabytes, and the other end says nothing until it has half of a window.
 */
import type { MessageStream } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { CancelTimer, Clock } from '../../protocols/wire/environment.ts'
import { LIVENESS_LOOK_MS, SILENCE_MAX_MS } from './constants.ts'

/** What is used of yamux. */
export interface Pinged {
  onData(bytes: Uint8Array | Uint8ArrayList): void
  ping(): Promise<number>
  abort(error: Error): void
}

/** What is used of the connection below. */
export type Lasting = Pick<MessageStream, 'abort' | 'addEventListener'>

interface Watched {
  readonly muxer: Pinged
  readonly connection: Lasting
  /** Something came since the last look, or went out that had to wait. */
  isHeard: boolean
  /** Looks in a row that found nothing. Counted, not timed: a machine that slept must not end all its connections as it wakes. */
  silentLooks: number
}

/** Looks that must find nothing before a connection ends. */
const SILENT_LOOKS_MAX = Math.ceil(SILENCE_MAX_MS / LIVENESS_LOOK_MS)

export class Liveness {
  readonly #clock: Clock
  readonly #watched = new Set<Watched>()
  #cancel: CancelTimer | null = null
  #isRunning = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** libp2p starts and stops it as one of its services. */
  start(): void {
    this.#isRunning = true
  }

  stop(): void {
    this.#isRunning = false
    this.#cancel?.()
    this.#cancel = null
    this.#watched.clear()
  }

  /** Call it before anything arrives. The first ping also measures the round trip, by which yamux lets windows grow. */
  watch(muxer: Pinged, connection: Lasting): void {
    if (!this.#isRunning) return
    const watched: Watched = { muxer, connection, isHeard: true, silentLooks: 0 }
    const onData = muxer.onData.bind(muxer)
    muxer.onData = bytes => {
      watched.isHeard = true
      onData(bytes)
    }
    this.#watched.add(watched)
    connection.addEventListener('drain', () => {
      watched.isHeard = true
    })
    connection.addEventListener('close', () => this.#watched.delete(watched))
    ping(muxer)
    this.#cancel ??= this.#clock.after(LIVENESS_LOOK_MS, () => this.#look())
  }

  #look(): void {
    this.#cancel = null
    for (const watched of [...this.#watched]) this.#lookAt(watched)
    if (this.#watched.size > 0) this.#cancel = this.#clock.after(LIVENESS_LOOK_MS, () => this.#look())
  }

  #lookAt(watched: Watched): void {
    const { muxer, connection, isHeard } = watched
    watched.silentLooks = isHeard ? 0 : watched.silentLooks + 1
    watched.isHeard = false
    if (watched.silentLooks === 0) return
    if (watched.silentLooks < SILENT_LOOKS_MAX) {
      ping(muxer)
      return
    }
    this.#watched.delete(watched)
    const error = new Error(`nothing came for ${SILENCE_MAX_MS} ms`)
    muxer.abort(error)
    connection.abort(error)
  }
}

/** The answer is heard as all else is; where none comes, the looks tell. One that is under way is not repeated. */
function ping(muxer: Pinged): void {
  muxer.ping().catch(() => undefined)
}
