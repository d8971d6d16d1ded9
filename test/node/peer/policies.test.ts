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
  const around = { isSeated: (peer: string, stage: number) => peer === `seat-of-stage-${stage}` }
  const policy = activationsPolicy({ round: () => 5, stage: 2, around, membership: { known } })

  it('takes tensors from seats of the stages before and after alone', () => {
    const admitted = [0, 1, 2, 3, 4].filter(stage => policy.admitPeer(`seat-of-stage-${stage}`) === null)
    expect(admitted).to.deep.equal([1, 3])
  })

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
