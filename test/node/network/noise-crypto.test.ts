import { defaultCrypto } from '@chainsafe/libp2p-noise/crypto'
import { expect } from 'chai'
import { Uint8ArrayList } from 'uint8arraylist'
import { NATIVE_FROM_BYTES, noiseCrypto } from '../../../node/network/noise-crypto.ts'

const KEY = Uint8Array.from({ length: 32 }, (_, index) => index)
const NONCE = new Uint8Array(12).fill(3)
const AD = Uint8Array.of(1, 2)
const LENGTHS = [0, 1, NATIVE_FROM_BYTES - 16, NATIVE_FROM_BYTES - 1, NATIVE_FROM_BYTES, 65_519]

type Plain = Parameters<typeof noiseCrypto.chaCha20Poly1305Encrypt>[0]

/** Of this repository's version of the list; the package has an older one, whose type only differs. */
function listOf(...parts: Uint8Array[]): Plain {
  const list: unknown = new Uint8ArrayList(...parts)
  return list as Plain
}

const textOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index % 251)
/** A copy, whole or in two pieces: what is decrypted may be overwritten. */
const copies = (bytes: Uint8Array): Plain[] => [bytes.slice(), listOf(bytes.slice(0, 700), bytes.slice(700))]

describe("node/network: noise's cipher", () => {
  it('gives what the package gives, and takes what it gives', () => {
    for (const text of LENGTHS.map(textOf)) {
      for (const plain of copies(text)) {
        const own = noiseCrypto.chaCha20Poly1305Encrypt(plain, NONCE, AD, KEY).subarray()
        const theirs = defaultCrypto.chaCha20Poly1305Encrypt(plain, NONCE, AD, KEY).subarray()
        expect(own).to.deep.equal(theirs)
        for (const sealed of copies(own)) {
          const opened = noiseCrypto.chaCha20Poly1305Decrypt(sealed, NONCE, AD, KEY)
          expect(Uint8Array.from(opened.subarray())).to.deep.equal(text)
        }
      }
    }
  })

  it('refuses what was changed on the way, and what another key has sealed', () => {
    for (const length of LENGTHS) {
      const sealed = Uint8Array.from(noiseCrypto.chaCha20Poly1305Encrypt(textOf(length), NONCE, AD, KEY).subarray())
      for (const position of [0, sealed.length - 1]) {
        const changed = sealed.with(position, sealed[position]! ^ 1)
        expect(() => noiseCrypto.chaCha20Poly1305Decrypt(changed, NONCE, AD, KEY)).to.throw()
      }
      const other = KEY.slice().fill(9)
      expect(() => noiseCrypto.chaCha20Poly1305Decrypt(sealed.slice(), NONCE, AD, other)).to.throw()
    }
  })
})
