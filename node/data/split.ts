/** What is trained on and what is held out: the last part of the corpus is never trained on. */
import { CorpusError } from './errors.ts'

/** Byte offsets [start, end). */
export interface Span {
  readonly start: number
  readonly end: number
}

export interface Split {
  readonly train: Span
  readonly heldOut: Span
}

/** Share of the corpus that is held out where the manifest names none. */
export const HELD_OUT_SHARE = 0.1

/**
 * @param bytes length of the corpus
 * @param heldOut share at the end that is held out, in (0, 1)
 */
export function splitCorpus(bytes: number, heldOut: number = HELD_OUT_SHARE): Split {
  if (!(heldOut > 0 && heldOut < 1))
    throw new RangeError(`The held-out share is ${heldOut}; it must lie between 0 and 1.`)
  const boundary = bytes - Math.floor(bytes * heldOut)
  return { train: { start: 0, end: boundary }, heldOut: { start: boundary, end: bytes } }
}

/**
 * Number of places where a window of `sequence` tokens and the target behind it fit.
 * @throws CorpusError `too-short` where there is none
 */
export function windowCount(span: Span, sequence: number): number {
  const count = span.end - span.start - sequence
  if (count > 0) return count
  throw new CorpusError(
    'too-short',
    `A part of the corpus has ${span.end - span.start} bytes, too few for sequences of ${sequence}.`,
  )
}
