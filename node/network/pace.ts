/**
 * How fast a connection is read from. One thread does everything, and whatever arrives takes its time from the rounds; so what arrives
 * through a connection has to be worth it.
 *
 * - Frames: every peer may bring so many a second, and more with the bytes that they carry. A flood of pings, windows, resets or empty
 *   frames is read later. Streams cost much more than their frames: a connection that opens too many at a time ends.
 * - Strangers, peers without a place in the run, have together a small part of this thread's time, measured, and each a part of that.
 * - Who does not read what it is answered is not read from: a stranger that dialled at once, any other after so many frames. (Were it so for
 *   both ends of a connection, they could wait for each other.)
 *
 * What else is too much is not refused but left with the kernel: the sender waits. Nobody is blamed, and an honest peer at most loses speed.
 */
import type { CancelTimer, Clock } from '../../protocols/wire/environment.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { Account, Accounts } from './accounts.ts'
import {
  FRAMES_BURST,
  HANDSHAKE_MAX_BYTES,
  PACE_LOOK_MS,
  PLACE_LOOK_MS,
  STRANGER_BURST_MS,
  STRANGER_BYTES_PER_MS,
  STRANGER_FRAME_MAX_BYTES,
  STRANGERS_BURST_MS,
  STRANGERS_RESUMED_MAX,
  STRANGERS_SHARE,
  STREAM_WINDOW_MAX_BYTES,
  STREAMS_BURST,
  TURN_MAX_MS,
} from './constants.ts'
import type { FrameCount } from './frame-bounds.ts'

/** What is used of a connection below its encryption. */
export interface Readable {
  onData(bytes: { readonly byteLength: number }): void
  pause(): void
  resume(): void
  abort(error: Error): void
  addEventListener(type: 'close' | 'drain', listener: () => void): void
  readonly status: string
  readonly direction: string
  readonly writableNeedsDrain: boolean
}

interface Watched {
  readonly connection: Readable
  /** Null until its encryption has named it. */
  peer: PeerName | null
  /** Its peer's, as soon as that is known. */
  account: Account
  /** It has no place, as was looked at a moment ago. */
  isStranger: boolean
  lookedMs: number
  /** Bytes of its handshake. */
  handshakeBytes: number
  isPaused: boolean
  /** What waits until it may go on. */
  readonly waiting: (() => void)[]
}

export interface PaceInit {
  readonly clock: Clock
  /** Peers that may take what time they need; what is asked must be cheap. */
  readonly hasPlace: (peer: PeerName) => boolean
}

export class Pace {
  readonly #init: PaceInit
  readonly #watched = new Map<unknown, Watched>()
  readonly #paused = new Set<Watched>()
  /** By what is encrypted above them. */
  readonly #below = new WeakMap<object, Watched>()
  readonly #accounts = new Accounts()
  /** The stranger whose bytes are being handled, and since when: promises that they settle run before anybody else's turn. */
  #turn: Watched | null = null
  #turnMs = 0
  #turnBytes = 0
  /** Connections within connections, over a relay. */
  #depth = 0
  #isTurnEnding = false
  /** Time that all strangers together took beyond their share, ms. */
  #owedMs = 0
  #reducedMs = 0
  #cancel: CancelTimer | null = null
  #isStopped = false

  constructor(init: PaceInit) {
    this.#init = init
  }

  /** Connections that it knows, and those of them that are not read from at the moment. */
  get size(): { readonly watched: number; readonly paused: number } {
    return { watched: this.#watched.size, paused: this.#paused.size }
  }

  /** Call it before anything arrives. A connection of another make, or that has ended, stays as it is. */
  watch(connection: object): void {
    this.#watch(connection)
  }

  /** What is said on `upper` comes through `connection`. */
  encrypted(connection: object, upper: object): void {
    const watched = this.#watch(connection)
    if (watched !== null) this.#below.set(upper, watched)
  }

  /** Its encryption has told who is at the other end. */
  name(connection: object, peer: { toString(): PeerName }): void {
    const watched = this.#watch(connection)
    if (watched === null) return
    watched.peer = peer.toString()
    watched.account = this.#accounts.of(watched.peer, watched.account)
    this.#lookAt(watched, watched.peer)
    // One after the other would bring as much as the kernel holds before it could be told to wait.
    if (this.#owedMs > STRANGERS_BURST_MS && this.#isStranger(watched)) this.#pause(watched)
  }

  /** Counts what comes through an encrypted connection for the peer at its other end. */
  countOf(upper: object): FrameCount {
    const watched = this.#below.get(upper)
    return {
      frame: () => {
        if (watched !== undefined) watched.account.frames++
      },
      stream: () => watched === undefined || ++watched.account.streams <= STREAMS_BURST,
      // A stranger has nothing long to say, and many of them could each leave a frame that never ends.
      longest: () =>
        watched !== undefined && this.#isStranger(watched) ? STRANGER_FRAME_MAX_BYTES : STREAM_WINDOW_MAX_BYTES,
    }
  }

  /** Before something that a peer asks for, which takes so long and may wait: at once for those with a place. */
  async spend(peer: PeerName, ms: number): Promise<void> {
    const watched = this.#newestOf(peer)
    if (watched === null || !this.#isStranger(watched)) return
    this.#charge(watched, ms)
    this.#restrain(watched)
    if (watched.isPaused) await new Promise<void>(resolve => watched.waiting.push(resolve))
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel?.()
    this.#cancel = null
    for (const watched of [...this.#watched.values()]) this.#forget(watched)
  }

  #watch(connection: object): Watched | null {
    const known = this.#watched.get(connection)
    if (known !== undefined) return known
    // One that has ended never says so again, and would be kept for ever.
    if (!isReadable(connection) || connection.status !== 'open' || this.#isStopped) return null
    const nowMs = this.#init.clock.nowMs()
    const watched: Watched = {
      connection,
      peer: null,
      isStranger: false,
      lookedMs: nowMs,
      handshakeBytes: 0,
      account: new Account(nowMs),
      isPaused: false,
      waiting: [],
    }
    this.#watched.set(connection, watched)
    const onData = connection.onData.bind(connection)
    connection.onData = bytes => {
      this.#begin(watched, bytes.byteLength)
      this.#depth++
      try {
        onData(bytes)
      } finally {
        this.#depth--
        this.#restrain(watched)
      }
    }
    connection.addEventListener('drain', () => this.#mayGoOn(watched))
    connection.addEventListener('close', () => this.#forget(watched))
    return watched
  }

  #forget(watched: Watched): void {
    this.#watched.delete(watched.connection)
    this.#paused.delete(watched)
    for (const goOn of watched.waiting.splice(0)) goOn()
  }

  #newestOf(peer: PeerName): Watched | null {
    let newest: Watched | null = null
    for (const watched of this.#watched.values()) if (watched.peer === peer) newest = watched
    return newest
  }

  #begin(watched: Watched, bytes: number): void {
    // What a relay passes on counts for whom it comes from, not for the relay.
    if (this.#depth > 0) this.#turnBytes = Math.max(0, this.#turnBytes - bytes)
    this.#endTurn()
    this.#reduce(watched)
    watched.account.brought(bytes)
    if (watched.peer === null) {
      watched.handshakeBytes += bytes
      if (watched.handshakeBytes > HANDSHAKE_MAX_BYTES)
        watched.connection.abort(new Error('a handshake without an end'))
      return
    }
    if (!this.#isStranger(watched)) return
    this.#turn = watched
    this.#turnMs = this.#init.clock.nowMs()
    this.#turnBytes = bytes
    if (this.#isTurnEnding) return
    this.#isTurnEnding = true
    setImmediate(() => {
      this.#isTurnEnding = false
      this.#endTurn()
    })
  }

  /** What was done since the turn began was done for it, as there is one thread; not all of it where that slept, or did much else. */
  #endTurn(): void {
    const watched = this.#turn
    this.#turn = null
    if (watched === null) return
    const tookMs = Math.min(TURN_MAX_MS, this.#init.clock.nowMs() - this.#turnMs)
    this.#charge(watched, tookMs + this.#turnBytes / STRANGER_BYTES_PER_MS)
    this.#restrain(watched)
  }

  #charge(watched: Watched, ms: number): void {
    this.#reduceAll()
    watched.account.took(ms)
    this.#owedMs += ms
  }

  #restrain(watched: Watched): void {
    if (!this.#mayRead(watched, 1)) this.#pause(watched)
    if (this.#owedMs <= STRANGERS_BURST_MS) return
    for (const other of this.#watched.values()) if (this.#isStranger(other)) this.#pause(other)
  }

  #isStranger(watched: Watched): boolean {
    if (watched.peer === null) return false
    const nowMs = this.#init.clock.nowMs()
    if (nowMs - watched.lookedMs >= PLACE_LOOK_MS) this.#lookAt(watched, watched.peer)
    return watched.isStranger
  }

  #lookAt(watched: Watched, peer: PeerName): void {
    watched.isStranger = !this.#init.hasPlace(peer)
    watched.lookedMs = this.#init.clock.nowMs()
  }

  /** @param part - of the bursts: who was paused goes on at half, so that it is not paused again at once */
  #mayRead(watched: Watched, part: number): boolean {
    if (watched.account.frames > FRAMES_BURST * part) return false
    if (!this.#isStranger(watched)) return true
    const { direction, writableNeedsDrain } = watched.connection
    return watched.account.owedMs <= STRANGER_BURST_MS * part && !(writableNeedsDrain && direction === 'inbound')
  }

  #pause(watched: Watched): void {
    if (watched.isPaused || watched.connection.status !== 'open' || this.#isStopped) return
    watched.isPaused = true
    this.#paused.add(watched)
    watched.connection.pause()
    this.#cancel ??= this.#init.clock.after(PACE_LOOK_MS, () => this.#look())
  }

  #look(): void {
    this.#cancel = null
    this.#reduceAll()
    for (const watched of this.#paused) this.#reduce(watched)
    let resumed = 0
    // Who has taken least goes first: a newcomer among attackers.
    for (const watched of [...this.#paused].sort((a, b) => a.account.usedMs - b.account.usedMs)) {
      const isStranger = this.#isStranger(watched)
      if (isStranger && (this.#owedMs > STRANGERS_BURST_MS / 2 || resumed >= STRANGERS_RESUMED_MAX)) continue
      if (this.#mayGoOn(watched) && isStranger) resumed++
    }
    if (this.#paused.size > 0) this.#cancel ??= this.#init.clock.after(PACE_LOOK_MS, () => this.#look())
  }

  #mayGoOn(watched: Watched): boolean {
    if (!watched.isPaused) return false
    this.#reduce(watched)
    if (!this.#mayRead(watched, 1 / 2)) return false
    if (this.#isStranger(watched) && this.#owedMs > STRANGERS_BURST_MS) return false
    // It counts as paused meanwhile: a pause within what this hands out would be undone by the end of it (libp2p.md).
    resume(watched.connection)
    watched.isPaused = false
    this.#paused.delete(watched)
    for (const goOn of watched.waiting.splice(0)) goOn()
    this.#restrain(watched)
    return true
  }

  #reduce({ account, connection }: Watched): void {
    account.reduce(this.#init.clock.nowMs(), !connection.writableNeedsDrain)
  }

  #reduceAll(): void {
    const nowMs = this.#init.clock.nowMs()
    this.#owedMs = Math.max(0, this.#owedMs - (nowMs - this.#reducedMs) * STRANGERS_SHARE)
    this.#reducedMs = nowMs
  }
}

/** What it still holds may end it, and the stream of a relay that lies below throws where it is to go on then. */
function resume(connection: Readable): void {
  if (connection.status !== 'open') return
  try {
    connection.resume()
  } catch (error) {
    connection.abort(error instanceof Error ? error : new Error(String(error)))
  }
}

function isReadable(connection: object): connection is Readable {
  return 'onData' in connection && 'pause' in connection && 'resume' in connection && 'writableNeedsDrain' in connection
}
