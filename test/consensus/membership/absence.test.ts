import { expect } from 'chai'
import fc from 'fast-check'
import {
  ABSENCE_ROUNDS,
  absenceBlocks,
  absenceRounds,
  type PastRound,
  remember,
  roundsToKeep,
} from '../../../consensus/membership/index.ts'

const NOTHING = new Uint8Array(32)

/** The rounds of an epoch so far, after each of them: how many blocks each refers above the one before. */
function histories(rises: readonly number[]): (readonly PastRound[])[] {
  let past: readonly PastRound[] = []
  let height = 100
  return rises.map((rise, index) => {
    height += rise
    past = remember(past, { round: index + 1, value: NOTHING, outcome: NOTHING, height })
    return past
  })
}

const shown = (past: readonly PastRound[], blocks: number) =>
  absenceRounds({ round: past[0]!.round + 1 }, { past, absenceBlocks: blocks })

describe('the rounds that show an absence', () => {
  const rises = fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 80 })
  const spans = fc.integer({ min: 1, max: 12 })

  it('are the last three and two older ones at the most, which reach over the blocks of the span', () => {
    fc.assert(
      fc.property(rises, spans, (steps, blocks) => {
        for (const past of histories(steps)) {
          const [parent] = past
          const rounds = shown(past, blocks)
          if (rounds === null) continue
          const numbers = rounds.map(({ round }) => round)
          expect(numbers).to.include.members([parent!.round, parent!.round - 1, parent!.round - 2])
          expect(rounds.length).to.be.at.most(ABSENCE_ROUNDS + 2)
          expect(parent!.height - Math.min(...rounds.map(({ height }) => height))).to.be.at.least(blocks)
          expect(new Set(numbers).size).to.equal(numbers.length)
        }
      }),
    )
  })

  it('are there as soon as the epoch has three rounds and as many blocks', () => {
    fc.assert(
      fc.property(rises, spans, (steps, blocks) => {
        const all = histories(steps)
        all.forEach((past, index) => {
          const isOld = index + 1 >= ABSENCE_ROUNDS && past[0]!.height - all[0]![0]!.height >= blocks
          expect(shown(past, blocks) !== null).to.equal(isOld)
        })
      }),
    )
  })

  it('are the last three alone where each takes half of the span', () => {
    const past = histories([0, 4, 4, 5, 4]).at(-1)!
    expect(shown(past, 8)?.map(({ round }) => round)).to.deep.equal([5, 4, 3])
  })

  it('were kept ever since they were certified', () => {
    fc.assert(
      fc.property(rises, spans, (steps, blocks) => {
        const held = new Set<number>()
        for (const past of histories(steps)) {
          held.add(past[0]!.round)
          const kept = roundsToKeep({ past, absenceBlocks: blocks }).map(({ round }) => round)
          for (const round of held) if (!kept.includes(round)) held.delete(round)
          for (const { round } of shown(past, blocks) ?? []) expect(held).to.include(round)
          expect(kept.length).to.be.at.most(ABSENCE_ROUNDS + blocks + 1)
        }
      }),
    )
  })

  it('span 8 blocks of 64, and at least one', () => {
    expect([64, 12, 1].map(absenceBlocks)).to.deep.equal([8, 2, 1])
  })
})
