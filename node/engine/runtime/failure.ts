/** What went wrong in another thread, as plain data, and back. */
import { EngineError, type EngineErrorCode } from './errors.ts'

/** Thrown where a caller has cancelled; never leaves the runtime. */
export class Cancellation extends Error {
  override readonly name = 'Cancellation'
}

export type Failure =
  | { readonly cancelled: true }
  | {
      readonly cancelled: false
      readonly code: EngineErrorCode
      readonly detail: string
      readonly node: string | null
      readonly op: string | null
    }

export function failureOf(error: unknown): Failure {
  if (error instanceof Cancellation) return { cancelled: true }
  if (error instanceof EngineError) {
    const { code, detail, node, op } = error
    return { cancelled: false, code, detail, node, op }
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { cancelled: false, code: 'internal', detail, node: null, op: null }
}

/** @param reason what a cancelled job rejects with */
export function errorOf(failure: Failure, reason: unknown): unknown {
  if (failure.cancelled) return reason
  const { code, detail, node, op } = failure
  return new EngineError(code, detail, { ...(node === null ? {} : { node }), ...(op === null ? {} : { op }) })
}
