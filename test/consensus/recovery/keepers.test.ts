import { expect } from 'chai'
import fc from 'fast-check'
import { keepersOf, keepingStage, keptStage } from '../../../consensus/recovery/index.ts'
import { smallHash } from '../../../protocols/wire/hash.ts'
import { RUN, seat } from './world.ts'

const group = (size: number) => ({
  seats: Array.from({ length: size }, (_, index) => ({ peer: seat(index, 1), stake: 1n })),
  faults: Math.floor((size - 1) / 3),
  quorum: size - Math.floor((size - 1) / 3),
  hash: new Uint8Array(32),
})
const draw = (round: number) => ({ beacon: smallHash(Uint8Array.of(7)), run: RUN, stage: 0, round })

describe('keepers of a stage', () => {
  it('are seats of the next stage, of the head of the first; a lone stage has none', () => {
    expect([0, 1, 2].map(stage => keepingStage(stage, 3))).to.deep.equal([1, 2, 0])
    expect([0, 1, 2].map(stage => keptStage(stage, 3))).to.deep.equal([2, 0, 1])
    expect([keepingStage(0, 1), keptStage(0, 1)]).to.deep.equal([null, null])
  })

  it('are f + 1, so an honest one is among them whoever lies; everybody computes the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 32 }), fc.integer({ min: 1, max: 1e6 }), (size, round) => {
        const { seats, faults } = group(size)
        const keepers = keepersOf(draw(round), group(size))
        expect(new Set(keepers).size).to.equal(faults + 1)
        expect(seats.map(({ peer }) => peer)).to.include.members(keepers)
        const reversed = { ...group(size), seats: seats.toReversed() }
        expect(keepersOf(draw(round), reversed)).to.deep.equal(keepers)
      }),
    )
  })

  it('change with each checkpoint, so that the load is shared', () => {
    const counts = new Map<string, number>()
    const rounds = 400
    for (let round = 16; round <= 16 * rounds; round += 16)
      for (const peer of keepersOf(draw(round), group(7))) counts.set(peer, (counts.get(peer) ?? 0) + 1)
    const share = (3 / 7) * rounds
    for (const count of counts.values()) expect(count).to.be.within(0.8 * share, 1.2 * share)
    expect(counts.size).to.equal(7)
  })
})
