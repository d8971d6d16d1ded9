import * as dagCbor from '@ipld/dag-cbor'
import { expect } from 'chai'
import fc from 'fast-check'
import { decodeStrict, encode, hashHex, hexBytes, isRefusal } from '../../../protocols/wire/index.ts'

const LIMIT = { maxBytes: 1 << 20 }
const reason = (value: unknown): string | null => (isRefusal(value) ? value.refused : null)

describe('canonical DAG-CBOR', () => {
  it('returns what was encoded', () => {
    const value = { a: 1, b: -5, c: 0.5, d: [true, null, 'text'], e: Uint8Array.of(1, 2) }
    expect(decodeStrict(encode(value), LIMIT)).to.deep.equal(value)
  })

  // RFC 8949, appendix A and section 4.2: well-formed, but not the deterministic spelling; or not DAG-CBOR at all.
  const REFUSED: Readonly<Record<string, string>> = {
    'a number longer than needed': '1800',
    'a length longer than needed': '580101',
    'a whole number as a float': 'fb3ff0000000000000',
    'a half-precision float': 'f93800',
    'a single-precision float': 'fa3f000000',
    'negative zero': 'fb8000000000000000',
    NaN: 'fb7ff8000000000000',
    infinity: 'fb7ff0000000000000',
    undefined: 'f7',
    'an unassigned simple value': 'e0',
    'an indefinite byte string': '5f4101ff',
    'an indefinite array': '9f01ff',
    'keys out of order': 'a2616201616101',
    'a key twice': 'a2616101616101',
    'a key that is no text': 'a10101',
    'keys of one length out of order, deep within': '81a262626101626161f6',
    'a simple value in two bytes': 'f814',
    'a tag': 'c100',
    'a content id as a tag': 'd82a4101',
    'a text that is not UTF-8': '61ff',
    'bytes after the value': '0000',
    nothing: '',
    'a string past the end': '4401',
    'more items than bytes': '9a7fffffff',
    'a reserved length': '1c',
  }
  for (const [what, hex] of Object.entries(REFUSED)) {
    it(`refuses ${what}`, () => expect(reason(decodeStrict(hexBytes(hex), LIMIT))).to.equal('bad-encoding'))
  }

  it('refuses more bytes than allowed before reading them', () => {
    expect(reason(decodeStrict(new Uint8Array(11), { maxBytes: 10 }))).to.equal('too-large')
  })

  it('takes 16 levels and refuses 17, and 100,000 without running out of stack', () => {
    const nested = (levels: number): Uint8Array =>
      Uint8Array.from({ length: levels + 1 }, (_, i) => (i < levels ? 0x81 : 0))
    expect(reason(decodeStrict(nested(16), LIMIT))).to.equal(null)
    expect(reason(decodeStrict(nested(17), LIMIT))).to.equal('bad-encoding')
    expect(reason(decodeStrict(nested(100_000), LIMIT))).to.equal('bad-encoding')
  })

  it('never throws, and what it takes has these bytes as its only spelling', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 48 }), bytes => {
        const value = decodeStrict(bytes, LIMIT)
        if (!isRefusal(value)) expect(encode(value)).to.deep.equal(bytes)
      }),
      { numRuns: 3_000 },
    )
  })

  it('takes of a header in which a byte was changed only what is the one spelling of its value', () => {
    const header = encode({
      a: [1, 23, 24, 256, 65_536],
      bb: { id: 'text', of: true, no: null },
      c: new Uint8Array(30),
    })
    fc.assert(
      fc.property(fc.nat({ max: header.length - 1 }), fc.nat({ max: 255 }), (at, byte) => {
        const changed = header.slice()
        changed[at] = byte
        const value = decodeStrict(changed, LIMIT)
        if (!isRefusal(value)) expect(encode(value)).to.deep.equal(changed)
      }),
      { numRuns: 5_000 },
    )
  })

  it('has no prototype of a map written by its bytes', () => {
    const map = decodeStrict(dagCbor.encode(JSON.parse('{"__proto__": {"admin": true}}')), LIMIT)
    expect(map).not.to.have.property('admin')
  })

  it('copies byte strings, so that what was decoded outlives the bytes', () => {
    const bytes = encode({ a: Uint8Array.of(1, 2, 3) })
    const value = decodeStrict(bytes, LIMIT)
    bytes.fill(0)
    expect(value).to.deep.equal({ a: Uint8Array.of(1, 2, 3) })
  })

  it('decodes whatever it encodes', () => {
    const leaf = fc.oneof(
      fc.maxSafeInteger(),
      fc.boolean(),
      fc.constant(null),
      fc.string({ unit: 'grapheme' }),
      fc.uint8Array(),
    )
    const { tree } = fc.letrec(tie => ({
      tree: fc.oneof(
        { depthSize: 'small', maxDepth: 6 },
        leaf,
        fc.array(tie('tree')),
        fc.dictionary(fc.string(), tie('tree')),
      ),
    }))
    fc.assert(
      fc.property(tree, value => {
        const decoded = decodeStrict(encode(value), LIMIT)
        expect(encode(decoded)).to.deep.equal(encode(value))
        expect(decoded).to.deep.equal(dagCbor.decode(encode(value)))
      }),
      { numRuns: 300 },
    )
  })

  it('writes the bytes that the IPLD library writes, and throws where that throws', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ minLength: 20, maxLength: 300 }))
    const leaf = fc.oneof(
      fc.maxSafeInteger(),
      fc.integer({ min: -300, max: 70_000 }),
      fc.double(),
      fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }),
      fc.constantFrom(true, false, null, undefined),
      text,
      fc.uint8Array({ maxLength: 400 }),
    )
    const { tree } = fc.letrec(tie => ({
      tree: fc.oneof(
        { depthSize: 'small', maxDepth: 3 },
        leaf,
        fc.array(tie('tree'), { maxLength: 5 }),
        fc.dictionary(text, tie('tree'), { maxKeys: 5 }),
        fc.dictionary(fc.constantFrom('/', 'asCID', 'bytes', '__proto__', 'a', 'é', 'zz'), tie('tree')),
        fc.dictionary(fc.string({ maxLength: 3 }), leaf, { minKeys: 17, maxKeys: 30 }),
      ),
    }))
    const bytesOf = (write: (value: unknown) => Uint8Array, value: unknown) => {
      try {
        return hashHex(write(value))
      } catch {
        return 'throws'
      }
    }
    fc.assert(
      fc.property(tree, value => {
        expect(bytesOf(encode, value)).to.equal(bytesOf(dagCbor.encode, value))
      }),
      { numRuns: 400 },
    )
  })

  it('writes long strings and lists, and numbers at every boundary', () => {
    const boundaries = [23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER, 2 ** 60, -0]
    const numbers = boundaries.flatMap(number => [number, -number, -1 - number])
    const long = { text: 'x'.repeat(70_000), accents: 'é'.repeat(300), bytes: new Uint8Array(300_000).fill(7) }
    for (const value of [numbers, long, Array.from({ length: 70_000 }, (_, index) => index)])
      expect(encode(value)).to.deep.equal(dagCbor.encode(value))
  })

  it('writes the next value whole after one that it threw at', () => {
    expect(() => encode({ before: 1, wrong: [undefined] })).to.throw()
    expect(encode([1, 'after'])).to.deep.equal(dagCbor.encode([1, 'after']))
  })
})
