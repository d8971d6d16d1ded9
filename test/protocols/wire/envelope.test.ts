import { createPrivateKey, sign, verify } from 'node:crypto'
import { generateKeyPair, generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { RecordEnvelope } from '@libp2p/peer-record'
import { expect } from 'chai'
import fc from 'fast-check'
import { EnvelopeCache } from '../../../protocols/wire/envelope-cache.ts'
import {
  concatBytes,
  decodeStrict,
  encode,
  equalBytes,
  hashHex,
  hexBytes,
  isPayloadKind,
  isRefusal,
  open,
  PAYLOAD_KINDS,
  payloadType,
  SIGNATURE_DOMAIN,
  seal,
  slotOf,
  validatePayload,
} from '../../../protocols/wire/index.ts'
import { keyOf, samplePayloads, seatsOf } from './samples.ts'
import { vectors } from './vectors.ts'

const reason = (value: unknown): string | null => (isRefusal(value) ? value.refused : null)
const fresh = (): EnvelopeCache => new EnvelopeCache({ entries: 8, bytes: 1 << 20 })
const [{ key, name }] = (await seatsOf(1)) as [Awaited<ReturnType<typeof seatsOf>>[number]]
const samples = samplePayloads(name)

/** RFC 0002 with hands: domain, payload type and payload, each after its length as a varint. */
function signingInput(domain: string, type: Uint8Array, payload: Uint8Array): Uint8Array {
  const parts = [new TextEncoder().encode(domain), type, payload]
  return concatBytes(parts.flatMap(part => [varintOf(part.byteLength), part]))
}

function varintOf(value: number): Uint8Array {
  return value < 128 ? Uint8Array.of(value) : concatBytes([Uint8Array.of((value & 127) | 128), varintOf(value >>> 7)])
}

async function forge(type: Uint8Array, payload: Uint8Array, domain = SIGNATURE_DOMAIN): Promise<Uint8Array> {
  return (
    await RecordEnvelope.seal({ domain, codec: type, marshal: () => payload, equals: () => false }, key)
  ).marshal()
}

describe('signed envelopes', () => {
  // RFC 8032, section 7.1, test 1.
  it('are signed with Ed25519 as in RFC 8032', async () => {
    const seed = hexBytes('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60')
    const pair = await generateKeyPairFromSeed('Ed25519', seed)
    expect(hashHex(pair.publicKey.raw)).to.equal('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')
    expect(hashHex(await pair.sign(new Uint8Array(0)))).to.equal(
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    )
  })

  it('sign the bytes that RFC 0002 describes, by an independent implementation', async () => {
    const { envelope } = await seal(samples.prevote, key)
    const payload = encode(samples.prevote)
    const pkcs8 = concatBytes([hexBytes('302e020100300506032b657004220420'), new Uint8Array(32).fill(1)])
    const input = signingInput('swarm-node/1', payloadType('prevote'), payload)
    const signature = sign(null, input, createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' }))
    // Protobuf: 1 public key (1 type = Ed25519, 2 bytes), 2 payload type, 3 payload, 5 signature.
    const publicKey = concatBytes([hexBytes('08011220'), key.publicKey.raw])
    const field = (tag: number, bytes: Uint8Array): Uint8Array[] => [
      Uint8Array.of((tag << 3) | 2),
      varintOf(bytes.byteLength),
      bytes,
    ]
    const expected = concatBytes([
      ...field(1, publicKey),
      ...field(2, payloadType('prevote')),
      ...field(3, payload),
      ...field(5, signature),
    ])
    expect(hashHex(envelope)).to.equal(hashHex(expected))
    expect(
      verify(null, input, createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' }), signature),
    ).to.equal(true)
  })

  it('keep the vectors in messages.json, byte for byte, for every kind', async () => {
    const { seed, signer, messages } = vectors('messages')
    const vectorKey = await generateKeyPairFromSeed('Ed25519', hexBytes(seed))
    expect(messages.map(message => message.kind)).to.deep.equal(PAYLOAD_KINDS)
    for (const { kind, payload: hex, envelope, payloadType: type, slot } of messages) {
      expect(isPayloadKind(kind)).to.equal(true)
      if (!isPayloadKind(kind)) continue
      const payload = validatePayload(kind, decodeStrict(hexBytes(hex), { maxBytes: 1 << 20 }))
      expect(reason(payload), kind).to.equal(null)
      if (isRefusal(payload)) continue
      expect(payload).to.deep.equal(samples[kind])
      expect(slotOf(payload)).to.equal(slot)
      expect(hashHex(payloadType(kind))).to.equal(type)
      expect(hashHex((await seal(payload, vectorKey)).envelope)).to.equal(envelope)
      const opened = await open(hexBytes(envelope), {}, fresh())
      expect(isRefusal(opened) ? opened : opened.signer).to.equal(signer)
    }
  })

  it('open to what was sealed', async () => {
    for (const kind of PAYLOAD_KINDS) {
      const sealed = await seal(samples[kind], key)
      expect(await open(sealed.envelope, { kinds: [kind] }, fresh())).to.deep.equal(sealed)
    }
  })

  it('refuse a kind that is not expected, also when it is remembered', async () => {
    const { envelope } = await seal(samples.idle, key)
    const cache = fresh()
    expect(reason(await open(envelope, { kinds: ['prevote'] }, cache))).to.equal('not-allowed')
    expect(reason(await open(envelope, {}, cache))).to.equal(null)
    expect(reason(await open(envelope, { kinds: ['prevote'] }, cache))).to.equal('not-allowed')
  })

  it('refuse a signature for another domain, and another payload type', async () => {
    const payload = encode(samples.idle)
    expect(reason(await open(await forge(payloadType('idle'), payload, 'libp2p-peer-record')))).to.equal(
      'bad-signature',
    )
    expect(reason(await open(await forge(Uint8Array.of(3, 1), payload)))).to.equal('wrong-domain')
    expect(reason(await open(await forge(payloadType('have'), payload)))).to.equal('out-of-bounds')
  })

  it('refuse a signed payload that is not canonical, out of bounds, of another version or too large', async () => {
    const type = payloadType('idle')
    expect(reason(await open(await forge(type, hexBytes('a161781801'))))).to.equal('bad-encoding')
    expect(
      reason(await open(await forge(type, encode({ kind: 'idle', scope: { ...samples.idle.scope, round: -1 } })))),
    ).to.equal('out-of-bounds')
    expect(
      reason(await open(await forge(type, encode({ kind: 'idle', scope: { ...samples.idle.scope, version: 2 } })))),
    ).to.equal('wrong-version')
    expect(reason(await open(await forge(type, encode({ kind: 'idle', filler: new Uint8Array(2_000) }))))).to.equal(
      'too-large',
    )
    expect(reason(await open(new Uint8Array(4 << 20)))).to.equal('too-large')
  })

  it('refuse keys that are not Ed25519, on both sides', async () => {
    const other = await generateKeyPair('secp256k1')
    const record = {
      domain: SIGNATURE_DOMAIN,
      codec: payloadType('idle'),
      marshal: () => encode(samples.idle),
      equals: () => false,
    }
    const envelope = (await RecordEnvelope.seal(record, other)).marshal()
    expect(reason(await open(envelope))).to.equal('bad-signature')
    const thrown = await seal(samples.idle, other).catch((error: Error) => error)
    expect(thrown).to.be.instanceOf(TypeError)
  })

  it('are not sealed around a payload that breaks its own bounds', async () => {
    const thrown = await seal({ ...samples.prevote, view: -1 }, key).catch((error: Error) => error)
    expect(thrown).to.be.instanceOf(RangeError)
  })

  it('are refused or unchanged after any change of their bytes', async () => {
    const { envelope } = await seal(samples.precommit, await keyOf(0))
    const change = fc.record({
      at: fc.nat(envelope.byteLength - 1),
      flip: fc.integer({ min: 1, max: 255 }),
      how: fc.constantFrom('flip', 'insert', 'remove', 'append', 'cut'),
    })
    await fc.assert(
      fc.asyncProperty(change, async ({ at, flip, how }) => {
        const mutated =
          how === 'flip'
            ? envelope.map((byte, index) => (index === at ? byte ^ flip : byte))
            : how === 'insert'
              ? concatBytes([envelope.subarray(0, at), Uint8Array.of(flip), envelope.subarray(at)])
              : how === 'remove'
                ? concatBytes([envelope.subarray(0, at), envelope.subarray(at + 1)])
                : how === 'append'
                  ? concatBytes([envelope, Uint8Array.of(flip)])
                  : envelope.slice(0, at)
        const opened = await open(mutated, {}, fresh())
        expect(isRefusal(opened) || equalBytes(mutated, envelope)).to.equal(true)
      }),
      { numRuns: 600 },
    )
  })

  it('never make opening throw, whatever the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async bytes => isRefusal(await open(bytes))),
      { numRuns: 500 },
    )
  })
})

describe('the memory of verified envelopes', () => {
  it('answers a second opening without another check, and only for the very same bytes', async () => {
    const { envelope } = await seal(samples.idle, key)
    const cache = fresh()
    const first = await open(envelope, {}, cache)
    expect(await open(envelope.slice(), {}, cache)).to.equal(first)
    const otherPayload = envelope.slice()
    otherPayload[60]! ^= 1
    expect(isRefusal(await open(otherPayload, {}, cache))).to.equal(true)
  })

  it('is bounded in entries and bytes, and drops the least recently used', async () => {
    const signed = await Promise.all(
      Array.from({ length: 4 }, (_, round) => seal({ ...samples.idle, scope: { ...samples.idle.scope, round } }, key)),
    )
    const signatures = signed.map(one => one.envelope.slice(-64))
    const size = signed[0]!.envelope.byteLength
    const cache = new EnvelopeCache({ entries: 3, bytes: 1 << 20 })
    for (const [index, one] of signed.slice(0, 3).entries()) cache.add(signatures[index]!, one)
    expect(cache.get(signatures[0]!, signed[0]!.envelope)).to.equal(signed[0])
    cache.add(signatures[3]!, signed[3]!)
    expect(cache.entries).to.equal(3)
    expect(cache.get(signatures[1]!, signed[1]!.envelope)).to.equal(null)
    expect(cache.get(signatures[0]!, signed[0]!.envelope)).to.equal(signed[0])
    const small = new EnvelopeCache({ entries: 100, bytes: 2 * size })
    for (const [index, one] of signed.entries()) small.add(signatures[index]!, one)
    expect(small.bytes).to.be.at.most(2 * size)
    expect(small.entries).to.equal(2)
  })
})
