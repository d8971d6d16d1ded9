/** Everything that can go wrong behind the engine's interface, as one class with a closed set of codes. */
export const ENGINE_ERRORS = {
  'queue-full': 'too many jobs wait; try again later',
  'worker-died': 'the compute thread ended',
  disposed: 'the engine was disposed',
  'unsupported-op': 'the model has an operation that is not supported',
  'malformed-model': 'the model cannot be loaded',
  'invalid-input': 'a tensor has the wrong length, or a call does not fit the stage',
  'not-finite': 'a tensor holds NaN, infinity or a value out of bounds',
  'wrong-order': 'the call needs another one before it',
  internal: 'the runtime failed',
} as const

export type EngineErrorCode = keyof typeof ENGINE_ERRORS

/** Where in the model. */
export interface EngineErrorPlace {
  readonly node?: string
  readonly op?: string
}

export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly code: EngineErrorCode
  /** What exactly. */
  readonly detail: string
  /** Name of the graph node, where the model is at fault. */
  readonly node: string | null
  /** Its operation. */
  readonly op: string | null

  constructor(code: EngineErrorCode, detail: string, place: EngineErrorPlace = {}) {
    super(`${ENGINE_ERRORS[code]}: ${detail}`)
    this.code = code
    this.detail = detail
    this.node = place.node ?? null
    this.op = place.op ?? null
  }
}
