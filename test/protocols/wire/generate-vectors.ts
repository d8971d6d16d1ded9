/** Writes test/vectors/wire/*.json: `node test/protocols/wire/generate-vectors.ts`. A change of these files breaks the wire. */
import { writeFileSync } from 'node:fs'
import {
  codecOf,
  encode,
  encodeCertificate,
  encodeHead,
  encodeManifest,
  framePrefix,
  hashHex,
  hashValue,
  linkOf,
  manifestId,
  merkleProof,
  merkleRoot,
  outcomeHash,
  PAYLOAD_KINDS,
  payloadType,
  seal,
  slotOf,
  smallHash,
  ZERO_HASH,
} from '../../../protocols/wire/index.ts'
import { hashOf, keyOf, MANIFEST, outcomeOf, sampleCertificate, samplePayloads, seatsOf } from './samples.ts'

function write(name: string, content: unknown): void {
  writeFileSync(new URL(`../../vectors/wire/${name}.json`, import.meta.url), `${JSON.stringify(content, null, 2)}\n`)
}

const [seat] = await seatsOf(1)
const key = await keyOf(0)
const payloads = samplePayloads(seat!.name)
const messages = await Promise.all(
  PAYLOAD_KINDS.map(async kind => ({
    kind,
    payloadType: hashHex(payloadType(kind)),
    slot: slotOf(payloads[kind]),
    payload: hashHex(encode(payloads[kind])),
    envelope: hashHex((await seal(payloads[kind], key)).envelope),
  })),
)
write('messages', { seed: hashHex(new Uint8Array(32).fill(1)), signer: seat!.name, messages })

const { certificate } = await sampleCertificate()
const outcome = outcomeOf(certificate.value)
write('certificate', {
  certificate: hashHex(encodeCertificate(certificate)),
  valueId: hashHex(hashValue(certificate.value)),
  outcomeHash: hashHex(outcomeHash(outcome)),
  firstLink: hashHex(linkOf(ZERO_HASH, hashValue(certificate.value), outcomeHash(outcome))),
})

write('manifest', { manifest: hashHex(encodeManifest(MANIFEST)), id: manifestId(MANIFEST) })

const leaves = Array.from({ length: 7 }, (_, index) => hashOf(`leaf ${index}`))
write('merkle', {
  leaves: leaves.map(hashHex),
  roots: leaves.map((_, index) => hashHex(merkleRoot(leaves.slice(0, index + 1), smallHash))),
  proofs: leaves.map((_, index) => merkleProof(leaves, index, smallHash).map(hashHex)),
})

const singles = [
  '00000000',
  '80000000',
  '3f800000',
  '3f808000',
  '3f818000',
  '3f808001',
  'bf7fffff',
  '00000001',
  '00018000',
]
const extremes = ['7f7f7fff', '7f7f8000', '7f800000', 'ff800000', '7fc00000', '7f800001', 'ffffffff']
write('encodings', {
  bf16: [...singles, ...extremes].map(value => {
    const single = new Float32Array(Uint32Array.of(Number.parseInt(value, 16)).buffer)
    return { value, bytes: hashHex(codecOf('bf16').encode(single)) }
  }),
})

const body = Uint8Array.of(1, 2, 3, 4)
const head = encodeHead({ header: { kind: 'partition' }, body: { bytes: body.byteLength, digest: smallHash(body) } })
write('frames', {
  request: hashHex(framePrefix('request', 5)) + hashHex(head),
  body: hashHex(framePrefix('body', 5)) + hashHex(body),
  cancel: hashHex(framePrefix('cancel', 4_294_967_295)),
})
