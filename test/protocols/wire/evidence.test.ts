import { expect } from 'chai'
import fc from 'fast-check'
import {
  contradiction,
  type Payload,
  type Precommit,
  type Prevote,
  type Signed,
  seal,
  verifyEvidence,
} from '../../../protocols/wire/index.ts'
import { hashOf, SCOPE, samplePayloads, seatsOf } from './samples.ts'

const [alice, bob] = (await seatsOf(2)) as [
  Awaited<ReturnType<typeof seatsOf>>[number],
  Awaited<ReturnType<typeof seatsOf>>[number],
]
const samples = samplePayloads(alice.name)
const byAlice = (payload: Payload): Promise<Signed> => seal(payload, alice.key)

const X = hashOf('x')
const Y = hashOf('y')
const prevote = (view: number, value: Uint8Array | null, validView = -1): Prevote => ({
  kind: 'prevote',
  scope: SCOPE,
  view,
  value,
  validView,
})
const precommit = (view: number, value: Uint8Array | null): Precommit => ({
  kind: 'precommit',
  scope: SCOPE,
  view,
  value,
  validView: view,
})

describe('evidence', () => {
  const CONTRADICTIONS: readonly (readonly [string, Payload, Payload])[] = [
    ['double-commit', samples.commit, { ...samples.commit, tokens: 1 }],
    ['double-propose', samples.propose, { ...samples.propose, validView: 0 }],
    ['double-prevote', prevote(1, X), prevote(1, null)],
    ['double-precommit', precommit(1, X), precommit(1, Y)],
    ['double-aggregate', samples.aggregate, { ...samples.aggregate, hash: X }],
    ['double-outcome', samples.outcome, { ...samples.outcome, state: X }],
    ['amnesia', precommit(1, X), prevote(2, Y)],
    ['amnesia', precommit(3, X), prevote(4, Y, 2)],
  ]
  for (const [kind, a, b] of CONTRADICTIONS) {
    it(`of ${kind} is found in either order, is the same, and convinces a third party`, async () => {
      const [first, second] = await Promise.all([byAlice(a), byAlice(b)])
      const evidence = contradiction(first, second)
      expect(evidence?.kind).to.equal(kind)
      expect(evidence?.accused).to.equal(alice.name)
      expect(contradiction(second, first)).to.deep.equal(evidence)
      expect(evidence !== null && (await verifyEvidence(evidence))).to.equal(true)
    })
  }

  const HARMLESS: readonly (readonly [string, Payload, Payload])[] = [
    ['the same twice', prevote(1, X), prevote(1, X)],
    ['outcomes that differ in who was heard', samples.outcome, { ...samples.outcome, heard: Uint8Array.of(1) }],
    ['votes of two views', prevote(1, X), prevote(2, Y, 1)],
    ['aggregates of two partitions', samples.aggregate, { ...samples.aggregate, partition: 1, hash: X }],
    ['two counts of settled work', samples.settled, { ...samples.settled, count: 6 }],
    ['two cumulative acknowledgements', samples.have, { ...samples.have, held: [] }],
    ['a later vote for the locked value', precommit(1, X), prevote(2, X)],
    ['a later vote for nil', precommit(1, X), prevote(2, null)],
    ['an earlier vote for another value', precommit(2, X), prevote(1, Y)],
    ['a later vote that a polka of the locked view unlocks', precommit(1, X), prevote(3, Y, 1)],
    ['a later vote that a newer polka unlocks', precommit(1, X), prevote(3, Y, 2)],
    ['a vote after a precommit of nil', precommit(1, null), prevote(2, Y)],
    ['a vote in another round', precommit(1, X), { ...prevote(2, Y), scope: { ...SCOPE, round: 18 } }],
  ]
  for (const [what, a, b] of HARMLESS) {
    it(`is never made of ${what}`, async () => {
      const [first, second] = await Promise.all([byAlice(a), byAlice(b)])
      expect(contradiction(first, second)).to.equal(null)
      expect(contradiction(second, first)).to.equal(null)
    })
  }

  it('is never made of two peers', async () => {
    expect(contradiction(await byAlice(prevote(1, X)), await seal(prevote(1, Y), bob.key))).to.equal(null)
  })

  it('does not convince when anything in it is changed', async () => {
    const [a, b] = await Promise.all([byAlice(prevote(1, X)), byAlice(prevote(1, Y))])
    const evidence = contradiction(a, b)
    if (evidence === null) throw new Error('no evidence')
    const [first, second] = evidence.envelopes
    expect(await verifyEvidence({ ...evidence, accused: bob.name })).to.equal(false)
    expect(await verifyEvidence({ ...evidence, kind: 'amnesia' })).to.equal(false)
    expect(await verifyEvidence({ ...evidence, envelopes: [first, first] })).to.equal(false)
    await fc.assert(
      fc.asyncProperty(fc.nat(second.byteLength - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const changed = second.map((byte, index) => (index === at ? byte ^ flip : byte))
        return !(await verifyEvidence({ ...evidence, envelopes: [first, changed] }))
      }),
      { numRuns: 100 },
    )
  })
})
