import { expect } from 'chai'
import fc from 'fast-check'
import { type Lease, leaseEnd, mayVote, NO_LEASE, noteAnchor, noteHeight } from '../../../consensus/chain/lease.ts'

const BLOCKS = 128

/** After these anchors, each [round, height], with everything up to `height` known. */
function leaseAfter(anchors: readonly (readonly [round: number, height: number])[], height: number): Lease {
  const noted = anchors.reduce((lease, [toRound, at]) => noteAnchor(lease, { toRound, height: at }, BLOCKS), NO_LEASE)
  return noteHeight(noted, height)
}

describe('the lease of a stage', () => {
  it('binds nobody before the first anchor, at whatever height', () => {
    expect(mayVote(noteHeight(NO_LEASE, 1_000_000), BLOCKS)).to.equal(true)
    expect(leaseEnd(NO_LEASE, BLOCKS)).to.equal(null)
  })

  it('lasts to A + L, that block included', () => {
    expect(mayVote(leaseAfter([[8, 100]], 228), BLOCKS)).to.equal(true)
    expect(mayVote(leaseAfter([[8, 100]], 229), BLOCKS)).to.equal(false)
  })

  it('stays as it is while the chain shows no new heights, for however long', () => {
    const lease = leaseAfter([[8, 100]], 200)
    expect(noteHeight(lease, 200)).to.equal(lease)
    expect(mayVote(noteHeight(lease, 150), BLOCKS)).to.equal(true)
  })

  it('is counted from the newest anchor that goes further', () => {
    expect(
      leaseEnd(
        leaseAfter(
          [
            [8, 100],
            [16, 150],
          ],
          0,
        ),
        BLOCKS,
      ),
    ).to.equal(278)
    expect(
      leaseEnd(
        leaseAfter(
          [
            [16, 100],
            [8, 150],
            [16, 160],
          ],
          0,
        ),
        BLOCKS,
      ),
    ).to.equal(228)
  })

  it('is renewed once by an anchor that goes no further, and only after it has run out', () => {
    expect(
      leaseEnd(
        leaseAfter(
          [
            [8, 100],
            [8, 228],
          ],
          0,
        ),
        BLOCKS,
      ),
    ).to.equal(228)
    expect(
      leaseEnd(
        leaseAfter(
          [
            [8, 100],
            [8, 229],
          ],
          0,
        ),
        BLOCKS,
      ),
    ).to.equal(357)
    expect(
      leaseEnd(
        leaseAfter(
          [
            [8, 100],
            [8, 229],
            [8, 400],
          ],
          0,
        ),
        BLOCKS,
      ),
    ).to.equal(357)
    expect(
      leaseEnd(
        leaseAfter(
          [
            [8, 100],
            [8, 229],
            [16, 500],
            [16, 700],
          ],
          0,
        ),
        BLOCKS,
      ),
    ).to.equal(828)
  })

  it('ends, whatever is anchored that goes no further than some round: a lapse cannot be put off for good', () => {
    const anchors = fc.array(fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 5_000 })), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(anchors, drawn => {
        const inOrder = [...drawn].sort(([, a], [, b]) => a - b)
        const rounds = new Set(inOrder.map(([round]) => round)).size
        const first = inOrder[0]?.[1] ?? 0
        const end = leaseEnd(leaseAfter(inOrder, 0), BLOCKS)
        // Each round that is gone to lets one lease begin, and one more by a renewal; none begins twice.
        const starts: number[] = []
        let lease = NO_LEASE
        for (const [toRound, height] of inOrder) {
          const next = noteAnchor(lease, { toRound, height }, BLOCKS)
          if (next !== lease) starts.push(height)
          lease = next
        }
        expect(starts.length).to.be.at.most(2 * rounds)
        if (end !== null) expect(end).to.be.at.least(first + BLOCKS)
      }),
    )
  })
})
