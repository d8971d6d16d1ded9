import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import {
  type Corpus,
  CorpusError,
  corpusId,
  decodeTokens,
  encodeText,
  heldOutBatches,
  loadCorpus,
  microBatch,
  splitCorpus,
  verifyCorpus,
} from '../../../node/data/index.ts'

const SHAPE = { sequences: 8, sequence: 128 }
const id = { round: 3, source: '12D3KooWexample', sequence: 2 }

describe('corpus', () => {
  let book: Corpus
  before(async () => {
    book = await loadCorpus('moby-dick')
  })

  it('is the book of 135 chapters, under its content id', () => {
    expect(decodeTokens(book.bytes.subarray(0, 9))).to.match(/^CHAPTER/i)
    expect(book.cid).to.equal(corpusId(book.bytes)).and.to.equal(MOBY_DICK)
  })

  it('costs 3.10, 2.40 and 1.96 nats a byte held out, with the counts of unigrams, bigrams and trigrams in the rest', () => {
    expect([1, 2, 3].map(n => heldOutCost(book.bytes, n).toFixed(2))).to.deep.equal(['3.10', '2.40', '1.96'])
  })

  it('takes a file as well, and says what is missing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'corpus-'))
    await writeFile(join(folder, 'a.txt'), 'call me')
    expect(decodeTokens((await loadCorpus(join(folder, 'a.txt'))).bytes)).to.equal('call me')
    await rm(folder, { recursive: true })
    const error = await loadCorpus('no-such-corpus').catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(CorpusError).and.to.have.property('code', 'not-found')
  })

  it('is refused where its bytes are others', () => {
    verifyCorpus(encodeText('abc'), 'bafkreif2pall7dybz7vecqka3zo24irdwabwdi4wc55jznaq75q7eaavvu')
    expect(() => verifyCorpus(encodeText('abd'), book.cid))
      .to.throw(CorpusError, 'trains on')
      .with.property('code', 'mismatch')
  })

  it('gives a micro-batch as a pure function of seed, run and id', () => {
    const batch = microBatch(book, { seed: 1 }, id, SHAPE)
    expect(microBatch(book, { seed: 1 }, { ...id }, SHAPE)).to.deep.equal(batch)
    const others = [
      microBatch(book, { seed: 2 }, id, SHAPE),
      microBatch(book, { seed: 1, run: 'bafy' }, id, SHAPE),
      ...[{ round: 4 }, { source: '12D3KooWother' }, { sequence: 3 }].map(change =>
        microBatch(book, { seed: 1 }, { ...id, ...change }, SHAPE),
      ),
    ]
    for (const other of others) expect(other.tokens).not.to.deep.equal(batch.tokens)
  })

  it('has each target follow its token', () => {
    const { tokens, targets } = microBatch(book, { seed: 5 }, id, SHAPE)
    for (let row = 0; row < SHAPE.sequences; row++) {
      const [from, to] = [row * SHAPE.sequence, (row + 1) * SHAPE.sequence]
      expect(tokens.subarray(from + 1, to)).to.deep.equal(targets.subarray(from, to - 1))
    }
  })

  it('draws uniformly from the training part alone', () => {
    // Every byte of the corpus tells where it stands: one window of one token shows the offset drawn.
    const bytes = Uint8Array.from({ length: 200 }, (_, i) => i)
    const counts = new Array<number>(200).fill(0)
    for (let sequence = 0; sequence < 200; sequence++) {
      const batch = microBatch({ bytes }, { seed: 9 }, { ...id, sequence }, { sequences: 90, sequence: 1 })
      for (const token of batch.tokens) counts[token]!++
      expect(Math.max(...batch.targets)).to.be.below(180)
    }
    expect(Math.max(...counts.slice(179))).to.equal(0)
    const expected = (200 * 90) / 179
    const chiSquared = counts.slice(0, 179).reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    // 178 degrees of freedom: below 260 with probability 0.9999.
    expect(chiSquared).to.be.below(260)
  })

  it('holds out the same even windows for everybody, none of them trained on', () => {
    const bytes = Uint8Array.from({ length: 250 }, (_, i) => i)
    const batches = heldOutBatches({ bytes }, 2, { sequences: 2, sequence: 5 })
    const starts = batches.flatMap(({ tokens }) => [tokens[0], tokens[5]])
    expect(starts).to.deep.equal([225, 230, 235, 240])
  })

  it('says where the text is too short', () => {
    const bytes = new Uint8Array(100)
    expect(() => heldOutBatches({ bytes }, 1, SHAPE))
      .to.throw(CorpusError)
      .with.property('code', 'too-short')
    expect(() => microBatch({ bytes }, { seed: 1 }, id, SHAPE)).to.throw(CorpusError)
  })

  it('turns any text into bytes and back', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), text => decodeTokens(encodeText(text)) === text))
  })
})

/** Added to each count: what did not happen in the training part is not impossible. */
const SMOOTHING = 1 / 32

/** Cross-entropy of the held-out part under n-gram frequencies of the training part, in nats a byte. */
function heldOutCost(bytes: Uint8Array, n: number): number {
  const { train, heldOut } = splitCorpus(bytes.length)
  const counts = new Uint32Array(256 ** n)
  const contexts = new Uint32Array(256 ** (n - 1))
  const keyAt = (end: number): number => bytes.subarray(end - n, end).reduce((key, byte) => key * 256 + byte, 0)
  for (let end = train.start + n; end <= train.end; end++) {
    const key = keyAt(end)
    counts[key]!++
    contexts[key >> 8]!++
  }
  let cost = 0
  for (let end = heldOut.start + n; end <= heldOut.end; end++) {
    const key = keyAt(end)
    cost -= Math.log((counts[key]! + SMOOTHING) / (contexts[key >> 8]! + 256 * SMOOTHING))
  }
  return cost / (heldOut.end - heldOut.start - n + 1)
}

const MOBY_DICK = 'bafkreihdbaxdoec325tpgtjizcgrvj2ao6uw7nke5wht3zo6tfomeqtlwu'
