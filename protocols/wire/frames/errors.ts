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

/** A peer cannot be dialled yet: nobody has told an address of it. Nothing was tried, so asking again soon costs nothing. */
export class UnknownAddress extends Error {
  override readonly name = 'UnknownAddress'

  constructor(peer: string) {
    super(`no address of ${peer} is known`)
  }
}
