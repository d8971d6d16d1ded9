/** Which text a lane trains on: all lanes on the same, as the product draws it, or each on its own part of the book. */
import { type Batch, type Corpus, microBatch, type Span, splitCorpus } from '../../node/data/index.ts'
import type { Manifest } from '../../protocols/wire/manifest.ts'

export interface Place {
  /** From 1. */
  readonly round: number
  readonly lane: number
  readonly sequence: number
}

export type BatchSource = (place: Place) => Batch

type Text = Pick<Corpus, 'bytes'>
type Shape = Pick<Manifest, 'model' | 'batch' | 'seed' | 'corpus'>

/** Every lane draws from the whole training part: the product's own data. */
export function uniformBatches(corpus: Text, { model, batch, seed, corpus: { heldOut } }: Shape): BatchSource {
  const shape = { sequences: batch.sequences, sequence: model.sequence }
  return ({ round, lane, sequence }) =>
    microBatch(corpus, { seed, heldOut }, { round, source: `lane ${lane}`, sequence }, shape)
}

/**
 * Each lane draws from one chapter of its own, evenly spaced over the training part of the book: about as unlike as one
 * author's text can be. The product never does this; heterogeneous data are what some attacks live on.
 * @throws RangeError where there are fewer chapters than lanes
 */
export function chapterBatches(corpus: Text, manifest: Shape, lanes: number): BatchSource {
  const chapters = chaptersOf(corpus, manifest.corpus.heldOut).filter(
    ({ start, end }) => end - start >= MIN_CHAPTER_BYTES,
  )
  if (chapters.length < lanes) throw new RangeError(`${chapters.length} chapters for ${lanes} lanes`)
  const sources = Array.from({ length: lanes }, (_, lane) => {
    const { start, end } = chapters[Math.floor(((lane + 0.5) * chapters.length) / lanes)]!
    // One byte stands in for the held-out part of the chapter, which may not be empty.
    const heldOut = { ...manifest.corpus, heldOut: 1 / (end - start) }
    return uniformBatches({ bytes: corpus.bytes.subarray(start, end) }, { ...manifest, corpus: heldOut })
  })
  return place => sources[place.lane]!(place)
}

/** A window of a shorter one says little about its lane. */
const MIN_CHAPTER_BYTES = 4_096

const CHAPTER_START = new TextEncoder().encode('\n\nCHAPTER ')

/** Of the training part. */
function chaptersOf({ bytes }: Text, heldOut: number): Span[] {
  const { train } = splitCorpus(bytes.length, heldOut)
  const starts = [train.start]
  for (let at = train.start + 1; at < train.end; at++) {
    if (CHAPTER_START.every((byte, offset) => bytes[at + offset] === byte)) starts.push(at)
  }
  return starts.map((start, index) => ({ start, end: starts[index + 1] ?? train.end }))
}
