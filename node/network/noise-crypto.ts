/**
 * Noise's cipher with its keys made ready once. Node 24 looks at a key that is plain bytes anew for each message, in case it is
 * a key in another form, and that takes as long as the cipher of 50 KB.
 */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { defaultCrypto } from '@chainsafe/libp2p-noise/crypto'

const CIPHER = 'chacha20-poly1305'
const TAG_BYTES = 16

/** What is shorter goes to the package's own cipher in WebAssembly, as before. */
export const NATIVE_FROM_BYTES = 1200

/** By the array that a connection keeps its key in. */
const keys = new WeakMap<Uint8Array, KeyObject>()

function keyOf(bytes: Uint8Array): KeyObject {
  const known = keys.get(bytes)
  if (known !== undefined) return known
  const key = createSecretKey(bytes)
  keys.set(bytes, key)
  return key
}

/** `crypto` of noise. */
export const noiseCrypto: typeof defaultCrypto = {
  ...defaultCrypto,

  chaCha20Poly1305Encrypt(plaintext, nonce, ad, key) {
    if (plaintext.byteLength < NATIVE_FROM_BYTES) {
      return defaultCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, ad, key)
    }
    const cipher = createCipheriv(CIPHER, keyOf(key), nonce, { authTagLength: TAG_BYTES })
    cipher.setAAD(ad, { plaintextLength: plaintext.byteLength })
    // `final` gives nothing, as the cipher keeps nothing back.
    if (plaintext instanceof Uint8Array) {
      const sealed = cipher.update(plaintext)
      cipher.final()
      return Buffer.concat([sealed, cipher.getAuthTag()])
    }
    // Nothing of it, but a list as the package makes them.
    const output = plaintext.sublist(0, 0)
    for (const part of plaintext) output.append(cipher.update(part))
    cipher.final()
    output.append(cipher.getAuthTag())
    return output
  },

  chaCha20Poly1305Decrypt(ciphertext, nonce, ad, key, into) {
    if (ciphertext.byteLength < NATIVE_FROM_BYTES) {
      return defaultCrypto.chaCha20Poly1305Decrypt(ciphertext, nonce, ad, key, into)
    }
    const length = ciphertext.byteLength - TAG_BYTES
    const decipher = createDecipheriv(CIPHER, keyOf(key), nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(ad, { plaintextLength: length })
    decipher.setAuthTag(ciphertext.subarray(length))
    // `final` throws where the tag is not that of the text.
    if (ciphertext instanceof Uint8Array) {
      const text = decipher.update(ciphertext.subarray(0, length))
      decipher.final()
      return text
    }
    const output = ciphertext.sublist(0, 0)
    for (const part of ciphertext.sublist(0, length)) output.append(decipher.update(part))
    decipher.final()
    return output
  },
}
