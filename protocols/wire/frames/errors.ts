import type { RefusalReason } from '../refusals.ts'

/** Why a stream was reset or ended; `reason` is what gets counted. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
  readonly reason: RefusalReason

  constructor(reason: RefusalReason, message: string) {
    super(message)
    this.reason = reason
  }
}
