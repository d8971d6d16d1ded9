/**
 * Deterministic micro-batches: which text a micro-batch holds is a pure function of (corpus, seed, id), so source and head
 * agree on tokens and targets without sending them, and nobody chooses its data (round.md, "Work: lanes").
 */
import { sha256 } from '@noble/hashes/sha2.js'
import type { BatchConfig, ModelConfig } from '../../protocols/wire/manifest.ts'
import type { ContentId, MicroBatchId } from '../../protocols/wire/messages.ts'
import type { Corpus } from './corpus.ts'
import { HELD_OUT_SHARE, splitCorpus, windowCount } from './split.ts'

export interface Batch {
  /** One byte a token, sequence after sequence. */
  readonly tokens: Uint8Array
  /** The token that follows each of `tokens`. */
  readonly targets: Uint8Array
}

export interface BatchShape {
  readonly sequences: BatchConfig['sequences']
  readonly sequence: ModelConfig['sequence']
}

export interface DataSeed {
  readonly seed: number
  /** With it, two runs with one seed see different data. */
  readonly run?: ContentId
  /** Share of the corpus that is held out, from the manifest. */
  readonly heldOut?: number
}

const WORDS = 2 ** 32
const WORD_BYTES = 4

/**
 * The micro-batch of this id: windows drawn independently and uniformly from the training part.
 * @throws CorpusError `too-short`
 */
export function microBatch(corpus: Pick<Corpus, 'bytes'>, from: DataSeed, id: MicroBatchId, shape: BatchShape): Batch {
  const { train } = splitCorpus(corpus.bytes.length, from.heldOut ?? HELD_OUT_SHARE)
  const places = windowCount(train, shape.sequence)
  const draw = drawer(
    JSON.stringify(['swarm-node/micro-batch/1', from.run ?? '', from.seed, id.round, id.source, id.sequence]),
  )
  return gather(corpus.bytes, shape, () => train.start + draw(places))
}

/**
 * `count` batches of windows at even distances over the held-out part: the same for every peer and round.
 * @throws CorpusError `too-short`
 */
export function heldOutBatches(
  corpus: Pick<Corpus, 'bytes'>,
  count: number,
  shape: BatchShape,
  heldOut: number = HELD_OUT_SHARE,
): Batch[] {
  const span = splitCorpus(corpus.bytes.length, heldOut).heldOut
  const places = windowCount(span, shape.sequence)
  const windows = count * shape.sequences
  let window = 0
  return Array.from({ length: count }, () =>
    gather(corpus.bytes, shape, () => span.start + Math.floor((window++ * places) / windows)),
  )
}

function gather(bytes: Uint8Array, { sequences, sequence }: BatchShape, next: () => number): Batch {
  const tokens = new Uint8Array(sequences * sequence)
  const targets = new Uint8Array(sequences * sequence)
  for (let row = 0; row < sequences; row++) {
    const offset = next()
    tokens.set(bytes.subarray(offset, offset + sequence), row * sequence)
    targets.set(bytes.subarray(offset + 1, offset + 1 + sequence), row * sequence)
  }
  return { tokens, targets }
}

/**
 * Uniform integers below a bound from SHA-256 in counter mode. Words at or above the largest multiple of the bound are
 * thrown away: taking the remainder of all of them would prefer early offsets.
 */
function drawer(key: string): (bound: number) => number {
  const message = new TextEncoder().encode(`${key}\0\0\0\0`)
  const counter = new DataView(message.buffer, message.length - WORD_BYTES)
  let block = new DataView(new ArrayBuffer(0))
  let at = 0
  let blocks = 0
  const nextWord = (): number => {
    if (at === block.byteLength) {
      counter.setUint32(0, blocks++, true)
      const digest = sha256(message)
      block = new DataView(digest.buffer, digest.byteOffset, digest.byteLength)
      at = 0
    }
    const word = block.getUint32(at, true)
    at += WORD_BYTES
    return word
  }
  return bound => {
    if (bound > WORDS) throw new RangeError(`Cannot draw below ${bound}: offsets have 32 bits.`)
    const limit = WORDS - (WORDS % bound)
    for (;;) {
      const word = nextWord()
      if (word < limit) return word % bound
    }
  }
}
