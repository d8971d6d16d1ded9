import { expect } from 'chai'
import fc from 'fast-check'
import {
  ENVELOPE_OVERHEAD_BYTES,
  encode,
  isRefusal,
  MAX_FRAME_BYTES,
  MESSAGES,
  PAYLOAD_KINDS,
  type PayloadKind,
  slotOf,
  validatePayload,
} from '../../../protocols/wire/index.ts'
import { hashOf, SCOPE, samplePayloads, seatsOf } from './samples.ts'

const seats = await seatsOf(3)
const [first, second] = seats.map(seat => seat.name) as [string, string]
const samples = samplePayloads(first)

function refusalOf(kind: PayloadKind, change: Readonly<Record<string, unknown>>): string | undefined {
  const result = validatePayload(kind, { ...samples[kind], ...change })
  return isRefusal(result) ? result.refused : undefined
}

const scope = (change: Readonly<Record<string, unknown>>): { scope: unknown } => ({ scope: { ...SCOPE, ...change } })
const held = (author: string): unknown => ({ author, root: hashOf('root'), bitmap: Uint8Array.of(1) })
const sealed = (author: string): unknown => ({ author, root: hashOf('root') })
const value = (change: Readonly<Record<string, unknown>>): { value: unknown } => ({
  value: { ...samples.propose.value, ...change },
})
const many = <T>(count: number, element: T): T[] => new Array<T>(count).fill(element)

/** Each row: what is wrong, in which kind, by which change. */
const OUT_OF_BOUNDS: readonly (readonly [string, PayloadKind, Readonly<Record<string, unknown>>])[] = [
  ['a short genesis hash', 'idle', scope({ genesis: new Uint8Array(31) })],
  ['a run that is no content id', 'idle', scope({ run: 'run' })],
  ['a negative epoch', 'idle', scope({ epoch: -1 })],
  ['a stage beyond the last', 'idle', scope({ stage: 1_024 })],
  ['a fraction of a round', 'idle', scope({ round: 0.5 })],
  ['a round beyond exact integers', 'idle', scope({ round: 2 ** 53 })],
  ['a field too many', 'idle', { more: 1 }],
  ['a field too many in the scope', 'idle', scope({ more: 1 })],
  ['another kind', 'idle', { kind: 'have' }],
  ['no leaves', 'commit', { leaves: [] }],
  ['65,537 leaves', 'commit', { leaves: many(65_537, hashOf('leaf')) }],
  ['a leaf of 33 bytes', 'commit', { leaves: [new Uint8Array(33)] }],
  ['4,097 trace entries', 'commit', { trace: many(4_097, { source: first, sequence: 0, path: [] }) }],
  ['a path of 1,025 peers', 'commit', { trace: [{ source: first, sequence: 0, path: many(1_025, first) }] }],
  ['a commit of nothing', 'commit', { count: 0 }],
  ['an unknown encoding', 'commit', { encoding: 'f64' }],
  ['a negative loss', 'commit', { lossSumMicronats: -1 }],
  ['a peer of another key type', 'have', { held: [held('QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N')] }],
  ['authors out of order', 'have', { held: [held(second), held(first)] }],
  ['an author twice', 'have', { held: [held(first), held(first)] }],
  ['257 authors', 'have', { held: many(257, held(first)) }],
  ['an empty bitmap', 'have', { held: [{ author: first, root: hashOf('root'), bitmap: new Uint8Array(0) }] }],
  [
    'a bitmap of 8,193 bytes',
    'have',
    { held: [{ author: first, root: hashOf('root'), bitmap: new Uint8Array(8_193) }] },
  ],
  ['a valid view that is not below the view', 'propose', { view: 1, validView: 1 }],
  ['a value of another scope', 'propose', value({ scope: { ...SCOPE, round: 18 } })],
  ['sealed commits out of order', 'propose', value({ commits: [sealed(second), sealed(first)] })],
  ['no sealed commits', 'propose', value({ commits: [] })],
  ['257 sealed commits', 'propose', value({ commits: many(257, sealed(first)) })],
  ['a word other than skip', 'propose', value({ commits: 'none' })],
  ['membership changes', 'propose', value({ changes: [1] })],
  ['a vote for nil with a valid view', 'prevote', { value: null, validView: 1 }],
  ['a view beyond the limit', 'prevote', { view: 2 ** 20 + 1 }],
  ['a polka of a later view', 'precommit', { view: 1, validView: 2 }],
  ['a partition beyond the limit', 'aggregate', { partition: 65_536 }],
  ['an empty heard bitmap', 'outcome', { heard: new Uint8Array(0) }],
  ['a heard bitmap of 33 bytes', 'outcome', { heard: new Uint8Array(33) }],
  ['an unknown direction', 'boundary', { direction: 'sideways' }],
  ['17 addresses', 'record', { addresses: many(17, '/ip4/127.0.0.1/tcp/1') }],
  ['an address of 257 characters', 'record', { addresses: [`/${'a'.repeat(256)}`] }],
  ['an address that is none', 'record', { addresses: ['localhost'] }],
]

describe('the message table', () => {
  it('takes a sample of every kind, within its size', () => {
    for (const kind of PAYLOAD_KINDS) {
      expect(validatePayload(kind, samples[kind]), kind).to.equal(samples[kind])
      expect(encode(samples[kind]).byteLength, kind).to.be.at.most(MESSAGES[kind].maxBytes)
    }
  })

  for (const [what, kind, change] of OUT_OF_BOUNDS) {
    it(`refuses ${what} in ${kind}`, () => expect(refusalOf(kind, change)).to.equal('out-of-bounds'))
  }

  it('refuses another version as such', () =>
    expect(refusalOf('idle', scope({ version: 2 }))).to.equal('wrong-version'))

  it('refuses a sample with any one field missing', () => {
    for (const kind of PAYLOAD_KINDS) {
      for (const field of Object.keys(samples[kind])) {
        const { [field]: _, ...rest } = { ...samples[kind] } as Record<string, unknown>
        expect(isRefusal(validatePayload(kind, rest)), `${kind} without ${field}`).to.equal(true)
      }
    }
  })

  it('refuses anything at all without throwing', () => {
    fc.assert(
      fc.property(fc.constantFrom(...PAYLOAD_KINDS), fc.anything(), (kind, anything) =>
        isRefusal(validatePayload(kind, anything)),
      ),
    )
  })

  it('gives every kind a code of its own, and sizes that fit a frame with their envelope', () => {
    const rows = PAYLOAD_KINDS.map(kind => MESSAGES[kind])
    expect(new Set(rows.map(row => row.code)).size).to.equal(rows.length)
    for (const { code, maxBytes } of rows) {
      expect(code).to.be.within(0x300000, 0x3fffff)
      expect(maxBytes + ENVELOPE_OVERHEAD_BYTES).to.be.below(MAX_FRAME_BYTES)
    }
  })
})

describe('slots of signatures', () => {
  it('tell apart what may be signed side by side, and nothing else', () => {
    const slot = (kind: PayloadKind, change: Readonly<Record<string, unknown>> = {}): string | null => {
      const payload = validatePayload(kind, { ...samples[kind], ...change })
      if (isRefusal(payload)) throw new Error(payload.detail)
      return slotOf(payload)
    }
    expect(slot('prevote')).not.to.equal(slot('prevote', { view: 3 }))
    expect(slot('prevote')).not.to.equal(slot('precommit'))
    expect(slot('prevote')).to.equal(slot('prevote', { value: null, validView: -1 }))
    for (const change of [{ epoch: 4 }, { stage: 2 }, { round: 18 }])
      expect(slot('commit')).not.to.equal(slot('commit', scope(change)))
    // A signer that counts two different groups in one round contradicts itself.
    expect(slot('commit')).to.equal(slot('commit', scope({ group: hashOf('other') })))
    expect(slot('aggregate')).not.to.equal(slot('aggregate', { partition: 1 }))
    expect(slot('aggregate')).not.to.equal(slot('aggregate', { value: hashOf('other') }))
    expect(slot('aggregate')).to.equal(slot('aggregate', { hash: hashOf('other') }))
    for (const kind of ['idle', 'have', 'settled', 'boundary', 'record'] as const)
      expect(slot(kind), kind).to.equal(null)
  })

  it('exist for exactly the kinds that can be evidence', () => {
    for (const kind of PAYLOAD_KINDS)
      expect(slotOf(samples[kind]) !== null, kind).to.equal(MESSAGES[kind].evidence !== null)
  })
})
