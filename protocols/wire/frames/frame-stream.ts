/**
 * Frames on a libp2p stream: u32 little-endian length, then that many bytes. Back-pressure in both directions: a writer
 * waits for room, a reader that is not read from pauses the stream. The six traps of libp2p streams that shape this
 * class are listed in README.md, "Streams".
 */
import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import {
  CHUNK_BYTES,
  COPIED_PART_BYTES,
  MAX_FRAME_BYTES,
  MAX_QUEUED_WRITES,
  QUEUED_FRAME_OVERHEAD_BYTES,
  READ_BUFFER_LIMIT_BYTES,
  READ_HIGH_WATER_BYTES,
  SEND_BYTES,
  SHORT_FRAME_BYTES,
} from '../constants.ts'
import { concatBytes } from '../hash.ts'
import { FrameError } from './errors.ts'
import { readUint32, writeUint32 } from './uint32.ts'

export interface FrameStreamLimits {
  /** Longest frame, in bytes; a longer one resets the stream. */
  readonly maxFrameBytes: number
  /** Received, unread bytes above which the stream is paused. */
  readonly highWaterBytes: number
  /** Whether a frame longer than {@link SHORT_FRAME_BYTES} is kept; asked at its length, before room is made for it. Others are passed over. */
  readonly keepsLong: () => boolean
}

interface CallOptions {
  readonly signal?: AbortSignal | undefined
}

const LENGTH_BYTES = 4

export class FrameStream {
  readonly #stream: Stream
  readonly #limits: FrameStreamLimits
  readonly #length = new Uint8Array(LENGTH_BYTES)
  #lengthFilled = 0
  #frame: Uint8Array | null = null
  #frameFilled = 0
  /** Bytes left of a frame that is not kept. */
  #passOver = 0
  readonly #queue: Uint8Array[] = []
  #queuedBytes = 0
  #wakeReader: (() => void) | null = null
  #ended = false
  #error: FrameError | null = null
  #resuming = false
  /** Settles when the last write that was asked for is over. */
  #lastWrite: Promise<void> = Promise.resolve()
  #queuedWrites = 0

  constructor(stream: Stream, limits: Partial<FrameStreamLimits> = {}) {
    this.#stream = stream
    this.#limits = {
      maxFrameBytes: MAX_FRAME_BYTES,
      highWaterBytes: READ_HIGH_WATER_BYTES,
      keepsLong: () => true,
      ...limits,
    }
    // While paused a whole window may still arrive; at libp2p's default of 4 MiB that would reset the stream.
    stream.maxReadBufferLength = Math.max(stream.maxReadBufferLength, READ_BUFFER_LIMIT_BYTES)
    stream.addEventListener('message', this.#onMessage)
    stream.addEventListener('end', this.#onEnd)
    stream.addEventListener('close', this.#onClose)
    this.#ended = stream.readableEnded
    if (stream.status === 'reset' || stream.status === 'aborted')
      this.#fail(new FrameError('unreachable', `stream ${stream.status}`))
  }

  /** Received bytes that nobody has read yet. */
  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /** Bytes given to the stream that it has not passed on to the connection. */
  get unsentBytes(): number {
    return this.#stream.writeBufferLength
  }

  /** The next frame, or null after the other side closed. Rejects with a {@link FrameError}; one read at a time. */
  async read(options: CallOptions = {}): Promise<Uint8Array | null> {
    for (;;) {
      const frame = this.#queue.shift()
      if (frame !== undefined) {
        this.#queuedBytes -= frame.byteLength + QUEUED_FRAME_OVERHEAD_BYTES
        this.#resumeBelowHalf()
        return frame
      }
      if (this.#error !== null) throw this.#error
      if (this.#ended) return this.#atEnd()
      await this.#received(options.signal)
    }
  }

  /**
   * Sends frames, each given as parts to be joined, in as few sends as possible; resolves when at most one send is left in
   * the stream's buffer. The bytes are not copied: do not change them afterwards. Rejects with a {@link FrameError}. An
   * abort before the first byte leaves the stream as it was, a later one resets it.
   */
  async write(frames: readonly (readonly Uint8Array[])[], options: CallOptions = {}): Promise<void> {
    if (this.#queuedWrites >= MAX_QUEUED_WRITES)
      throw new FrameError('overloaded', `${MAX_QUEUED_WRITES} writes wait already`)
    const bytes = this.#join(frames)
    const turn = this.#lastWrite
    let over = (): void => undefined
    this.#lastWrite = new Promise(resolve => {
      over = resolve
    })
    this.#queuedWrites++
    try {
      await abortable(turn, options.signal)
      await this.#send(bytes, options.signal)
    } finally {
      this.#queuedWrites--
      turn.then(over)
    }
  }

  /** Closes this side after what was written; the other side may still send. */
  async close(options: CallOptions = {}): Promise<void> {
    await abortable(this.#lastWrite, options.signal)
    await this.#stream.close(options.signal === undefined ? {} : { signal: options.signal })
  }

  /** Resets the stream in both directions. */
  abort(error: FrameError): void {
    this.#fail(error)
    this.#stream.abort(error)
  }

  readonly #onMessage = (event: StreamMessageEvent): void => {
    try {
      if (event.data instanceof Uint8Array) this.#feed(event.data)
      else for (const part of event.data) this.#feed(part)
    } catch (error) {
      this.abort(error instanceof FrameError ? error : new FrameError('bad-encoding', String(error)))
    }
  }

  readonly #onEnd = (): void => {
    this.#ended = true
    this.#wake()
  }

  readonly #onClose = (event: StreamCloseEvent): void => {
    this.#ended = true
    if (event.error != null) this.#fail(new FrameError('unreachable', event.error.message))
    this.#wake()
  }

  #feed(bytes: Uint8Array): void {
    for (let position = 0; position < bytes.byteLength && this.#error === null; ) {
      if (this.#passOver > 0) {
        const passed = Math.min(this.#passOver, bytes.byteLength - position)
        this.#passOver -= passed
        position += passed
      } else if (this.#frame === null) {
        this.#length[this.#lengthFilled++] = bytes[position++]!
        if (this.#lengthFilled === LENGTH_BYTES) this.#begin()
      } else {
        const part = bytes.subarray(position, position + this.#frame.byteLength - this.#frameFilled)
        this.#frame.set(part, this.#frameFilled)
        this.#frameFilled += part.byteLength
        position += part.byteLength
      }
      if (this.#frame !== null && this.#frameFilled === this.#frame.byteLength) this.#complete(this.#frame)
    }
  }

  #begin(): void {
    const length = readUint32(this.#length, 0)
    const { maxFrameBytes, keepsLong } = this.#limits
    if (length > maxFrameBytes)
      throw new FrameError('too-large', `a frame of ${length} bytes, at most ${maxFrameBytes} are allowed`)
    this.#lengthFilled = 0
    this.#frameFilled = 0
    if (length > SHORT_FRAME_BYTES && !keepsLong()) this.#passOver = length
    else this.#frame = new Uint8Array(length)
  }

  #complete(frame: Uint8Array): void {
    this.#frame = null
    this.#queue.push(frame)
    this.#queuedBytes += frame.byteLength + QUEUED_FRAME_OVERHEAD_BYTES
    this.#wake()
    this.#pauseAboveHighWater()
  }

  #pauseAboveHighWater(): void {
    // A pause inside the dispatch that resume() causes would be undone (trap 5).
    const full = this.#queuedBytes >= this.#limits.highWaterBytes
    if (full && !this.#resuming && this.#stream.readStatus === 'readable') this.#stream.pause()
  }

  #resumeBelowHalf(): void {
    if (this.#queuedBytes >= this.#limits.highWaterBytes / 2 || this.#stream.readStatus !== 'paused') return
    this.#resuming = true
    try {
      this.#stream.resume()
    } finally {
      this.#resuming = false
    }
    this.#pauseAboveHighWater()
  }

  #atEnd(): null {
    if (this.#frame === null && this.#lengthFilled === 0 && this.#passOver === 0) return null
    throw new FrameError('bad-encoding', 'the stream ended within a frame')
  }

  #received(signal: AbortSignal | undefined): Promise<void> {
    if (this.#wakeReader !== null) throw new Error('one read at a time')
    const arrival = new Promise<void>(resolve => {
      this.#wakeReader = resolve
    })
    return abortable(arrival, signal).finally(() => {
      this.#wakeReader = null
    })
  }

  #wake(): void {
    this.#wakeReader?.()
  }

  #fail(error: FrameError): void {
    this.#error ??= error
    this.#wake()
  }

  /** Small parts are copied together: each buffer of a list costs a call of the cipher of its own. */
  #join(frames: readonly (readonly Uint8Array[])[]): Uint8ArrayList {
    const joined = new Uint8ArrayList()
    let small: Uint8Array[] = []
    for (const parts of frames) {
      let length = 0
      for (const part of parts) length += part.byteLength
      const { maxFrameBytes } = this.#limits
      if (length > maxFrameBytes)
        throw new RangeError(`a frame of ${length} bytes, at most ${maxFrameBytes} are allowed`)
      const prefix = new Uint8Array(LENGTH_BYTES)
      writeUint32(prefix, 0, length)
      small.push(prefix)
      for (const part of parts) {
        if (part.byteLength <= COPIED_PART_BYTES) {
          small.push(part)
        } else {
          joined.append(concatBytes(small), part)
          small = []
        }
      }
    }
    if (small.length > 0) joined.append(concatBytes(small))
    return joined
  }

  async #send(bytes: Uint8ArrayList, signal: AbortSignal | undefined): Promise<void> {
    await this.#room(signal)
    for (let offset = 0; offset < bytes.byteLength; ) {
      const end = bytes.byteLength - offset <= SEND_BYTES ? bytes.byteLength : offset + CHUNK_BYTES
      try {
        // Handed over whole where it can be: the stream takes the buffers out of the list.
        this.#stream.send(offset === 0 && end === bytes.byteLength ? bytes : bytes.sublist(offset, end))
        offset = end
        await this.#room(signal)
      } catch (error) {
        const reason = error instanceof FrameError ? error : new FrameError('unreachable', String(error))
        // Half a frame is sent: whatever follows would be read as its rest.
        if (offset < bytes.byteLength) this.abort(reason)
        throw reason
      }
    }
  }

  /** Not `stream.onDrain()`, which stays resolved after its first drain; and a drain does not mean empty (traps 1 and 2). */
  async #room(signal: AbortSignal | undefined): Promise<void> {
    const stream = this.#stream
    while (stream.status === 'open' && (stream.writableNeedsDrain || stream.writeBufferLength > CHUNK_BYTES)) {
      let changed = (): void => undefined
      const change = new Promise<void>(resolve => {
        changed = resolve
      })
      for (const name of ROOM_EVENTS) stream.addEventListener(name, changed)
      try {
        await abortable(change, signal)
      } finally {
        for (const name of ROOM_EVENTS) stream.removeEventListener(name, changed)
      }
    }
    if (signal?.aborted === true) throw new FrameError('aborted', 'cancelled')
    if (stream.status !== 'open') throw this.#error ?? new FrameError('unreachable', `stream ${stream.status}`)
  }
}

const ROOM_EVENTS = ['drain', 'idle', 'close'] as const

/** The promise's result, or a rejection with 'aborted' as soon as the signal fires; the listener goes either way. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  let onAbort = (): void => undefined
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(new FrameError('aborted', 'cancelled'))
  })
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
