import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { expect } from 'chai'
import fc from 'fast-check'
import { nativeVerifier, signingNatively } from '../../../node/identity/index.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const message = fc.uint8Array({ maxLength: 200 })

describe('native Ed25519', () => {
  it("signs what libp2p's own key signs, and stays the same key", async () => {
    await fc.assert(
      fc.asyncProperty(bytes(32), message, async (seed, text) => {
        const key = await generateKeyPairFromSeed('Ed25519', seed)
        const native = signingNatively(key)
        expect(new Uint8Array(await native.sign(text))).to.deep.equal(new Uint8Array(await key.sign(text)))
        expect(native.publicKey.toString()).to.equal(key.publicKey.toString())
        expect(native.equals(key) && native.type === 'Ed25519').to.equal(true)
      }),
      { numRuns: 30 },
    )
  })

  it("takes and refuses what libp2p's own check takes and refuses", async () => {
    const verify = nativeVerifier()
    const change = fc.constantFrom('nothing', 'message', 'signature', 'key')
    await fc.assert(
      fc.asyncProperty(bytes(32), message, change, fc.nat(63), async (seed, text, changed, at) => {
        const key = await generateKeyPairFromSeed('Ed25519', seed)
        const signature = Uint8Array.from(await key.sign(text))
        const other = changed === 'message' ? Uint8Array.of(...text, 1) : text
        if (changed === 'signature') signature[at]! ^= 1
        const { publicKey } =
          changed === 'key'
            ? await generateKeyPairFromSeed(
                'Ed25519',
                seed.map(b => b ^ 1),
              )
            : key
        const expected = await publicKey.verify(other, signature)
        expect(await verify(publicKey.raw, other, signature)).to.equal(expected)
        expect(expected).to.equal(changed === 'nothing')
      }),
      { numRuns: 60 },
    )
  })
})
