/**
 * Lies that no honest peer takes. One swarm meets them all, one liar a stage at a time: what is refused is refused at the
 * door and by name, what contradicts itself is kept as proof, and the rounds go on in one history.
 */
import { expect } from 'chai'
import { verifyEvidence } from '../../../protocols/wire/evidence.ts'
import type { EvidenceKind } from '../../../protocols/wire/messages.ts'
import type { RefusalReason } from '../../../protocols/wire/refusals.ts'
import { expectOneHistory } from '../harness/index.ts'
import { type Liar, LyingSwarm } from './lying-swarm.ts'
import { itRefusesStrangers } from './strangers.ts'

/** Rounds that both stages go through after the lie was noticed. */
const FURTHER_ROUNDS = 4

/** Of stages 0 and 1. */
type Liars = readonly [Liar, Liar]

/** Lies that are refused as they arrive, and why. */
const REFUSED: readonly { readonly liars: Liars; readonly reasons: readonly [RefusalReason, RefusalReason] }[] = [
  { liars: ['nan', 'huge'], reasons: ['not-finite', 'not-finite'] },
  { liars: ['shapes', 'tampering'], reasons: ['wrong-shape', 'wrong-hash'] },
]
/** Lies that only two siblings together, or two messages, give away. */
const CONTRADICTING: Liars = ['double-commit', 'double-vote']
const CONTRADICTIONS = [
  { kind: 'double-commit', stage: 0 },
  { kind: 'double-prevote', stage: 1 },
  { kind: 'double-precommit', stage: 1 },
] as const

describe('a swarm of 2 stages of 4 replicas, of which one a stage lies', () => {
  let lying: LyingSwarm
  /** When the liars of this part came. */
  let since = 0

  before(async () => {
    lying = await LyingSwarm.start()
  })
  after(() => lying?.stop())

  /** Lets these liars lie until they were caught, and some rounds longer. */
  async function lie(liars: Liars, isCaught: () => boolean): Promise<void> {
    const { swarm } = lying
    since = swarm.log.mark
    await lying.enter(liars)
    await swarm.until(isCaught, `'${liars[0]}' and '${liars[1]}' to be caught`)
    await lying.certified(Math.max(...swarm.stages().map(stage => swarm.certifiedOf(stage))) + FURTHER_ROUNDS)
  }

  function isRefused(stage: number, reason: RefusalReason): boolean {
    return lying.refusals(since).some(one => one.reason === reason && one.peer === lying.liar(stage))
  }

  /** An event by which an honest peer tells that it has this evidence. */
  function evidenceOf(kind: EvidenceKind, stage: number): { readonly peerIndex: number } | undefined {
    const events = lying.swarm.log.of('evidence').filter(({ peerIndex }) => lying.isHonest(peerIndex))
    return events.find(event => event.kind === kind && event.peer === lying.liar(stage))
  }

  function itGoesOn(): void {
    it('goes on in one history', () => {
      expectOneHistory(lying.swarm)
    })

    it('refuses nobody else', () => {
      const others = lying.refusals(since).filter(({ peer }) => peer !== lying.liar(0) && peer !== lying.liar(1))
      expect(others).to.deep.equal([])
    })
  }

  for (const { liars, reasons } of REFUSED) {
    describe(`with '${liars[0]}' and '${liars[1]}'`, () => {
      before(() => lie(liars, () => reasons.every((reason, stage) => isRefused(stage, reason))))

      it(`refuses them as ${reasons[0]} and ${reasons[1]}, and seals no commitment of theirs`, () => {
        const most = lying.swarm.run.manifest.replicas - 1
        for (const stage of lying.swarm.stages())
          for (const commits of lying.sealed(stage, since)) expect(commits).to.be.at.most(most)
      })
      itGoesOn()
    })
  }

  describe(`with '${CONTRADICTING[0]}' and '${CONTRADICTING[1]}'`, () => {
    before(() =>
      lie(CONTRADICTING, () => CONTRADICTIONS.every(({ kind, stage }) => evidenceOf(kind, stage) !== undefined)),
    )

    for (const { kind, stage } of CONTRADICTIONS) {
      it(`reports a ${kind}, and keeps two signatures that prove it`, async () => {
        const index = evidenceOf(kind, stage)?.peerIndex ?? -1
        const proof = lying.proofsOf(index).find(evidence => evidence.kind === kind)
        expect(proof?.accused).to.equal(lying.liar(stage))
        expect(await verifyEvidence(proof!)).to.equal(true)
      })
    }

    it('accuses nobody else', () => {
      const accused = lying.swarm.log.of('evidence').map(({ peer }) => peer)
      expect([lying.liar(0), lying.liar(1)]).to.include.members(accused)
    })
    itGoesOn()
  })

  describe('and a peer without a bond', () => {
    itRefusesStrangers(() => lying.swarm)
  })
})
