/**
 * What the hands of one engine share: memory that all of them see, made once by the thread that starts them, and sent to
 * each. The compute thread writes what goes in; a hand writes its own rows of what comes out.
 */
import type { Deal } from '../../partition/index.ts'
import { F32_BYTES } from '../constants.ts'
import type { StagePlan } from '../init.ts'

type SharedFloats = Float32Array<SharedArrayBuffer>
type SharedBytes = Uint8Array<SharedArrayBuffer>

export interface SharedMemory {
  readonly deal: Deal
  /** The current parameters. */
  readonly theta: SharedFloats
  /** An accumulator on its way from a hand to the compute thread. */
  readonly exchange: SharedFloats
  /** Boundary tensors of the whole micro-batch. The first hand's rows are not used: it has its own. */
  readonly x: SharedFloats
  readonly y: SharedFloats
  readonly dx: SharedFloats
  readonly dy: SharedFloats
  readonly tokens: SharedBytes
  readonly targets: SharedBytes
  /** One for each hand but the first. */
  readonly lines: readonly HandLine[]
}

/** Between the compute thread and one hand; who may write when is in `line.ts`. */
export interface HandLine {
  /** See {@link WORDS}. */
  readonly words: Int32Array<SharedArrayBuffer>
  /** What the hand's share adds to the loss. */
  readonly loss: SharedFloats
  /** What went wrong, as JSON; `WORDS.failureBytes` of it. */
  readonly failure: SharedBytes
}

/** Places in a line's words. */
export const WORDS = {
  /** Commands that were given, and those that are done, counted by the one who gives and by the one who does. */
  given: 0,
  done: 1,
  command: 2,
  /** Index in `ACCUMULATORS`. */
  accumulator: 3,
  outcome: 4,
  failureBytes: 5,
  /** 1 once a thread of the engine is gone: nobody waits for another any more, and all end by themselves. */
  over: 6,
} as const

/** Of a message; a longer text is cut off. */
export const FAILURE_BYTES = 4096

export function shareMemory(deal: Deal, plan: StagePlan): SharedMemory {
  const { parameters, boundaryBytes } = plan.shape
  const boundary = (): SharedFloats => floats(boundaryBytes / F32_BYTES)
  return {
    deal,
    theta: floats(parameters),
    exchange: floats(parameters),
    x: boundary(),
    y: boundary(),
    dx: boundary(),
    dy: boundary(),
    tokens: bytes(plan.tokens),
    targets: bytes(plan.tokens),
    lines: deal.shares.slice(1).map(makeLine),
  }
}

/** Wakes both ends, so that they see it. */
export function endLine({ words }: HandLine): void {
  Atomics.store(words, WORDS.over, 1)
  Atomics.notify(words, WORDS.given)
  Atomics.notify(words, WORDS.done)
}

export function makeLine(): HandLine {
  const words = Object.keys(WORDS).length
  return {
    words: new Int32Array(new SharedArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT)),
    loss: floats(1),
    failure: bytes(FAILURE_BYTES),
  }
}

/** Pages that are never written cost nothing. */
function floats(values: number): SharedFloats {
  return new Float32Array(new SharedArrayBuffer(values * F32_BYTES))
}

function bytes(length: number): SharedBytes {
  return new Uint8Array(new SharedArrayBuffer(length))
}

/** Where the gradients of all hands are within it, their sum is within the whole. */
export function shareOfBound(bound: number, hands: number): number {
  return bound / hands
}
