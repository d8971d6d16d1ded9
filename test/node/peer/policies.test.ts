import { expect } from 'chai'
import { type Group, makeGroup } from '../../../consensus/election/index.ts'
import { activationsPolicy } from '../../../node/peer/policies.ts'
import { makeRun } from '../verify/world.ts'

/** Knows epochs 3 and 9. */
function known(epoch: number): { readonly groups: readonly Group[] } | null {
  return epoch === 3 || epoch === 9 ? { groups: [groupOf(epoch)] } : null
}

function groupOf(epoch: number): Group {
  const { genesis } = makeRun().manifest.chain
  return makeGroup({ genesis, run: makeRun().id, epoch, stage: 0 }, [{ peer: `seat-of-${epoch}`, stake: 1n }])
}

describe("node/peer's policy for boundary tensors", () => {
  const policy = activationsPolicy({ round: () => 5, membership: { known } })

  it('takes headers of any epoch that is known, since a stage that waited for another one may be many behind', () => {
    for (const number of [3, 9]) {
      const seats = policy.seats(number, 0)
      expect(seats?.hash).to.deep.equal(groupOf(number).hash)
      expect(seats?.has(`seat-of-${number}`)).to.equal(true)
      expect(seats?.has(`seat-of-${12 - number}`), 'a seat of another epoch').to.equal(false)
    }
  })

  it('knows no seats of other epochs and stages', () => {
    expect(policy.seats(4, 0)).to.equal(null)
    expect(policy.seats(9, 1)).to.equal(null)
  })
})
