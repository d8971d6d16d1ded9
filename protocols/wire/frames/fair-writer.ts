/**
 * Puts the frames of many messages on one stream: heads first, in order, then the bodies' chunks in rotation, so that a
 * large tensor delays neither a small message nor the other tensors (libp2p shares unfairly among streams).
 */
import { CHUNK_BYTES } from '../constants.ts'
import { FrameError } from './errors.ts'
import type { FrameStream } from './frame-stream.ts'
import { type FrameType, framePrefix } from './message.ts'

export interface Outgoing {
  readonly type: FrameType
  readonly id: number
  /** Payload of the head frame. */
  readonly head: Uint8Array
  readonly body: Uint8Array | null
  /** Frame type of the body's chunks. */
  readonly bodyType: 'body' | 'answerBody'
}

interface Job extends Outgoing {
  offset: number
  settle(error: FrameError | null): void
}

export class FairWriter {
  readonly #frames: FrameStream
  readonly #heads: Job[] = []
  readonly #bodies: Job[] = []
  #pumping = false
  #failure: FrameError | null = null

  constructor(frames: FrameStream) {
    this.#frames = frames
  }

  /** Messages not completely handed over yet. */
  get waiting(): number {
    return this.#heads.length + this.#bodies.length
  }

  /** Resolves to null when the message was handed to the stream, to the error when it could not be. */
  send(message: Outgoing): Promise<FrameError | null> {
    if (this.#failure !== null) return Promise.resolve(this.#failure)
    const result = new Promise<FrameError | null>(settle => this.#heads.push({ ...message, offset: 0, settle }))
    if (!this.#pumping) void this.#pump()
    return result
  }

  /** Sends nothing more of a message. 'unsent': not even its head went out. */
  drop(id: number, bodyType: Outgoing['bodyType']): 'unsent' | 'sent' {
    for (const jobs of [this.#heads, this.#bodies]) {
      const index = jobs.findIndex(job => job.id === id && job.bodyType === bodyType)
      const [job] = index === -1 ? [] : jobs.splice(index, 1)
      if (job === undefined) continue
      job.settle(new FrameError('aborted', 'cancelled'))
      if (jobs === this.#heads) return 'unsent'
    }
    return 'sent'
  }

  async #pump(): Promise<void> {
    this.#pumping = true
    try {
      while (this.#failure === null && this.waiting > 0) await this.#sendBurst()
    } catch (error) {
      this.fail(error instanceof FrameError ? error : new FrameError('unreachable', String(error)))
    } finally {
      this.#pumping = false
    }
  }

  /** Gives up on everything. */
  fail(error: FrameError): void {
    this.#failure ??= error
    for (const job of [...this.#heads.splice(0), ...this.#bodies.splice(0)]) job.settle(error)
  }

  /** Heads up to a chunk's size, and one chunk. */
  async #sendBurst(): Promise<void> {
    const burst: Uint8Array[][] = []
    const finished: Job[] = []
    for (let size = 0; size < CHUNK_BYTES; ) {
      const job = this.#heads.shift()
      if (job === undefined) break
      burst.push([framePrefix(job.type, job.id), job.head])
      size += job.head.byteLength
      if (job.body === null) finished.push(job)
      else this.#bodies.push(job)
    }
    const job = this.#bodies.shift()
    if (job?.body != null) {
      const chunk = job.body.subarray(job.offset, job.offset + CHUNK_BYTES)
      burst.push([framePrefix(job.bodyType, job.id), chunk])
      job.offset += chunk.byteLength
      if (job.offset === job.body.byteLength) finished.push(job)
      // Back in the queue while its chunk is under way, so that a cancel finds it.
      else this.#bodies.push(job)
    }
    try {
      await this.#frames.write(burst)
    } catch (error) {
      const failure = error instanceof FrameError ? error : new FrameError('unreachable', String(error))
      for (const job of finished) job.settle(failure)
      throw failure
    }
    for (const job of finished) job.settle(null)
  }
}
