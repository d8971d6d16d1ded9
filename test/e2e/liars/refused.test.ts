/** Lies that no honest peer takes: refused at the door, counted, and the rounds go on without the liar's part. */
import { expect } from 'chai'
import { expectOneHistory } from '../harness/index.ts'
import { type Liar, LyingSwarm } from './lying-swarm.ts'

const ROUNDS = 5

/** The reason for which a lie is refused. */
const LIES: readonly { readonly liars: readonly [Liar, Liar]; readonly reasons: readonly [string, string] }[] = [
  { liars: ['nan', 'huge'], reasons: ['not-finite', 'not-finite'] },
  { liars: ['shapes', 'tampering'], reasons: ['wrong-shape', 'wrong-hash'] },
]

for (const { liars, reasons } of LIES) {
  describe(`a swarm with liars '${liars[0]}' in stage 0 and '${liars[1]}' in stage 1`, () => {
    let lying: LyingSwarm

    before(async () => {
      lying = await LyingSwarm.start(liars)
      await lying.certified(ROUNDS)
    })
    after(() => lying?.stop())

    it(`trains for ${ROUNDS} rounds, in one history`, () => {
      expectOneHistory(lying.swarm)
    })

    for (const [stage, liar] of liars.entries()) {
      it(`refuses '${liar}' as ${reasons[stage]}, by name`, () => {
        const peers = lying
          .refusals()
          .filter(({ reason }) => reason === reasons[stage])
          .map(({ peer }) => peer)
        expect(peers).to.include(lying.liar(stage))
      })

      it(`seals no commitment of '${liar}'`, () => {
        for (const commits of lying.sealed(stage, 1)) expect(commits).to.be.at.most(3)
      })
    }

    it('refuses nobody else', () => {
      const liars = [lying.liar(0), lying.liar(1)]
      expect(lying.refusals().filter(({ peer }) => !liars.includes(peer))).to.deep.equal([])
    })
  })
}
