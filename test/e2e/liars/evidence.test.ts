/** Contradicting signatures: they fork nothing, and both go into the folder as proof that anyone can check. */
import { expect } from 'chai'
import { verifyEvidence } from '../../../protocols/wire/evidence.ts'
import { expectOneHistory } from '../harness/index.ts'
import { LyingSwarm } from './lying-swarm.ts'

const ROUNDS = 6
const KINDS = [
  { kind: 'double-commit', stage: 0 },
  { kind: 'double-prevote', stage: 1 },
  { kind: 'double-precommit', stage: 1 },
] as const

describe("a swarm with liars 'two-commits' in stage 0 and 'two-votes' in stage 1", () => {
  let lying: LyingSwarm

  before(async () => {
    lying = await LyingSwarm.start(['two-commits', 'two-votes'])
    await lying.certified(ROUNDS)
  })
  after(() => lying?.stop())

  it(`trains for ${ROUNDS} rounds, in one history`, () => {
    expectOneHistory(lying.swarm)
  })

  for (const { kind, stage } of KINDS) {
    it(`reports a ${kind}, and keeps signatures that prove it`, async () => {
      const { peerIndex } = await lying.swarm.waitFor(
        'evidence',
        event => event.kind === kind && lying.honest().includes(event.peerIndex),
        `evidence of a ${kind}`,
      )
      const proof = lying.evidenceOf(peerIndex).find(evidence => evidence.kind === kind)
      expect(proof?.accused).to.equal(lying.liar(stage))
      expect(await verifyEvidence(proof!)).to.equal(true)
    })
  }

  it('accuses nobody else', () => {
    const accused = lying.swarm.log.of('evidence').map(({ peer }) => peer)
    expect([lying.liar(0), lying.liar(1)]).to.include.members(accused)
  })
})
