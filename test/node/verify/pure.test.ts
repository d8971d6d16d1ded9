/** The deciding parts of `verify`, without files or a chain. */
import { expect } from 'chai'
import fc from 'fast-check'
import type { PostedAnchor } from '../../../consensus/chain/types.ts'
import { nextState } from '../../../consensus/round/index.ts'
import { advanceTip, firstTip } from '../../../node/peer/tip.ts'
import { judgeAnchors } from '../../../node/verify/anchors.ts'
import { followChain } from '../../../node/verify/hash-chain.ts'
import { textLines } from '../../../node/verify/report.ts'
import { checkSignatures } from '../../../node/verify/signatures.ts'
import {
  decodeCertificate,
  encodeCertificate,
  outcomeHash,
  type VerifiedCertificate,
} from '../../../protocols/wire/certificate.ts'
import { hashValue } from '../../../protocols/wire/hash.ts'
import type { Value } from '../../../protocols/wire/messages.ts'
import { isRefusal } from '../../../protocols/wire/refusals.ts'
import { hashOf, MANIFEST, outcomeOf, roundValue, SCOPE, sampleCertificate } from '../../protocols/wire/samples.ts'

const { certificate, group, seats } = await sampleCertificate()
const GROUP = {
  seats: seats.map(({ name }) => ({ peer: name, stake: 1n })),
  faults: 1,
  quorum: 3,
  hash: group.groupHash,
}

describe('the check of signatures', () => {
  it('takes a sound certificate, and none in which a byte was flipped', async () => {
    expect(await checkSignatures(certificate, GROUP, MANIFEST)).to.be.an('object')
    const encoded = encodeCertificate(certificate)
    await fc.assert(
      fc.asyncProperty(fc.nat(encoded.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const flipped = encoded.slice()
        flipped[at]! ^= change
        const decoded = decodeCertificate(flipped)
        if (isRefusal(decoded)) return
        expect(await checkSignatures(decoded, GROUP, MANIFEST), `byte ${at}`).to.be.a('string')
      }),
      { numRuns: 300 },
    )
  })

  it('refuses fewer commits than a value must seal', async () => {
    const [first] = roundValue([seats[0]!.name]).commits
    const value = { ...certificate.value, commits: [first] } as Value
    expect(await checkSignatures({ ...certificate, value }, GROUP, MANIFEST)).to.be.a('string')
  })
})

const FIRST = firstTip(hashOf('initial'), { height: 1, hash: hashOf('block 1') })
const RUN_HASH = hashOf('manifest')

/** A certificate that follows `before`, as far as the hash chain looks at it. */
function following(before: typeof FIRST, change: Partial<Value> = {}): VerifiedCertificate {
  const scope = { ...SCOPE, round: before.round + 1 }
  const reference = { height: before.round + 2, hash: hashOf(`block ${before.round + 2}`) }
  const value: Value = { scope, parent: before.parent, reference, commits: 'skip', changes: [], ...change }
  const aggregateRoot = hashOf(`aggregate ${scope.round}`)
  const state = nextState(before.state, aggregateRoot, RUN_HASH)
  const outcome = { ...outcomeOf(value), scope, aggregateRoot, state }
  const [signers, outcomes, commits] = [[], [], []]
  return { value, valueId: hashValue(value), outcome, outcomeHash: outcomeHash(outcome), signers, outcomes, commits }
}

describe('the hash chain', () => {
  const first = following(FIRST)
  const tip = advanceTip(FIRST, first, RUN_HASH)
  if (isRefusal(tip)) throw new Error(tip.detail)
  const second = following(tip)

  const follow = (...rounds: readonly (readonly VerifiedCertificate[])[]) => followChain(FIRST, rounds, RUN_HASH)

  it('is followed to its end, and says where a round is missing', () => {
    const { tips, fault, gap } = follow([first, first], [second])
    expect([tips.length, fault, gap]).to.deep.equal([3, null, null])
    expect(follow([first], [], [second])).to.include({ fault: null, gap: 2 })
  })

  it('breaks at another parent, state, round or block', () => {
    const broken = (certificate: VerifiedCertificate) => follow([first], [certificate]).fault
    expect(broken(first)?.what).to.match(/does not follow round 1/)
    expect(broken(following(tip, { parent: FIRST.parent }))?.what).to.match(/does not follow/)
    const outcome = { ...second.outcome, state: hashOf('other') }
    expect(broken({ ...second, outcome })?.what).to.match(/state does not follow/)
    expect(broken(following(tip, { reference: FIRST.reference }))?.what).to.match(/went back/)
    const reference = { ...tip.reference, hash: hashOf('other') }
    expect(broken(following(tip, { reference }))?.what).to.match(/is not that of round 1/)
  })

  it('breaks where two results of one round are certified', () => {
    const other = following(tip, { reference: { height: 9, hash: hashOf('block 9') } })
    expect(follow([first], [second, other]).fault).to.include({ round: 2 })
  })
})

describe('anchors', () => {
  const [member, stranger] = ['member', 'stranger']
  const links = {
    linkAt: (_: number, round: number) => (round <= 8 ? hashOf(`link ${round}`) : null),
    isLeft: () => false,
    hasSeat: (peer: string, stage: number) => (peer === member && stage === 0) || (peer === stranger && stage === 1),
    stages: 2,
  }
  const anchor = (toRound: number, change: Partial<PostedAnchor> = {}): PostedAnchor => ({
    ...{ stage: 0, fromRound: 1, toRound, link: hashOf(`link ${toRound}`), peer: member },
    ...{ block: { height: 5, hash: hashOf('block 5') }, ...change },
  })

  it('finalise up to the newest that agrees; those beyond the folder say nothing', () => {
    const found = judgeAnchors([anchor(4), anchor(8), anchor(8), anchor(12)], links)
    expect(found).to.deep.equal({ faults: [], final: [8, 0], agreeing: 3, beyond: 1, left: 0, strangers: 0 })
  })

  it('of strangers do not count, right or wrong', () => {
    const found = judgeAnchors(
      [anchor(4, { peer: stranger }), anchor(8, { stage: 7 }), anchor(8, { peer: '?' })],
      links,
    )
    expect(found).to.include({ strangers: 3, agreeing: 0 })
  })

  it("of rounds that a re-formed stage has left are nobody's fault, and finalise nothing", () => {
    const left = anchor(7, { link: hashOf('certified by the lost group') })
    const found = judgeAnchors([anchor(4), left], { ...links, isLeft: (_, round) => round === 7 })
    expect(found).to.include({ agreeing: 1, left: 1 })
    expect([found.faults, found.final]).to.deep.equal([[], [4, 0]])
  })

  it('with another link, or of rounds that do not exist, are faults', () => {
    const found = judgeAnchors([anchor(4, { link: hashOf('x') }), anchor(4, { fromRound: 0 })], links)
    expect(found.faults.map(({ where }) => where)).to.deep.equal([
      'block 5, stage 0, rounds 1 to 4',
      'block 5, stage 0, rounds 0 to 4',
    ])
  })
})

describe('the report', () => {
  it('is one line where a check holds, and names every fault and what to do where not', () => {
    const report = { check: 'seats', holds: true, detail: 'all', faults: [], faultCount: 0, next: null } as const
    expect(textLines(report)).to.deep.equal(['ok     seats       all'])
    const faults = [{ where: 'a', what: 'b' }]
    expect(textLines({ ...report, holds: false, faults, faultCount: 3, next: 'do it' })).to.deep.equal([
      'FALSE  seats       all',
      '       a: b',
      '       and 2 more',
      '       Next: do it',
    ])
  })
})
