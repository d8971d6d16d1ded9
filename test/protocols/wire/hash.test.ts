import { createHash } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import { nativeHash } from '../../../node/engine/runtime/hashing.ts'
import { useSmallHash } from '../../../protocols/wire/hash.ts'
import {
  compareBytes,
  concatBytes,
  contentId,
  equalBytes,
  hashHex,
  hashOfContentId,
  hexBytes,
  smallHash,
} from '../../../protocols/wire/index.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('small hashes', () => {
  it('keeps the vector "abc" of FIPS 180-4', () => {
    expect(hashHex(smallHash(utf8('abc')))).to.equal('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  it('agrees with OpenSSL', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
        expect(hashHex(smallHash(bytes))).to.equal(createHash('sha256').update(bytes).digest('hex'))
      }),
    )
  })

  it('are the same where the platform makes them', () => {
    const lengths = [0, 55, 56, 64, 300]
    const inJavaScript = lengths.map(length => smallHash(new Uint8Array(length)))
    useSmallHash(nativeHash)
    expect(lengths.map(length => smallHash(new Uint8Array(length)))).to.deep.equal(inJavaScript)
  })

  it('reads the hexadecimal that it writes', () => {
    fc.assert(fc.property(fc.uint8Array(), bytes => equalBytes(hexBytes(hashHex(bytes)), bytes)))
    expect(() => hexBytes('abc')).to.throw(RangeError)
    expect(() => hexBytes('zz')).to.throw(RangeError)
  })

  it('writes the hexadecimal of bytes of any length', () => {
    for (const length of [0, 1, 1023, 1024, 1025, 5000]) {
      const bytes = Uint8Array.from({ length }, (_, index) => (index * 37) & 0xff)
      expect(hashHex(bytes)).to.equal(Buffer.from(bytes).toString('hex'))
    }
  })

  it('orders bytes like their hexadecimal, and equal only to themselves', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4 }), fc.uint8Array({ maxLength: 4 }), (a, b) => {
        expect(Math.sign(compareBytes(a, b))).to.equal(Math.sign(Buffer.compare(a, b)))
        expect(equalBytes(a, b)).to.equal(compareBytes(a, b) === 0)
        expect(hashHex(concatBytes([a, b]))).to.equal(hashHex(a) + hashHex(b))
      }),
    )
  })
})

describe('content ids', () => {
  it('are those of IPFS for "hello world" (raw) and {} (dag-cbor)', () => {
    expect(contentId(utf8('hello world'), 'raw')).to.equal(
      'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e',
    )
    expect(contentId(Uint8Array.of(0xa0), 'dag-cbor')).to.equal(
      'bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua',
    )
  })

  it('give back their hash, and null for what is not one', () => {
    expect(hashOfContentId(contentId(utf8('x'), 'raw'))).to.deep.equal(smallHash(utf8('x')))
    for (const id of [
      '',
      'QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n',
      'bafy',
      'zb2rhe5P4gXftAwvA4eXQ5HJwsER2owDyS9sKaQRRVQPn93bA',
    ]) {
      expect(hashOfContentId(id), id).to.equal(null)
    }
  })
})
