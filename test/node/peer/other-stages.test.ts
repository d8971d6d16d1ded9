import { expect } from 'chai'
import { heardOf } from '../../../node/peer/other-stages.ts'

/** Told of a round by stages of which each has certified up to so many rounds. */
function told(round: number, newest: readonly number[], passedOver: readonly number[] = []): string[] {
  const calls: string[] = []
  const others = {
    othersReached: (at: number) => newest.every(one => one >= at),
    someReached: (at: number) => newest.some(one => one >= at),
    isPassedOver: (at: number) => passedOver.includes(at),
  }
  const work = {
    pipelineReady: () => calls.push('ready'),
    close: (isReached: boolean) => calls.push(`close ${isReached}`),
  }
  heardOf(others, { round, work, idle: () => calls.push('idle') })
  return calls
}

describe("node/peer's look at the other stages", () => {
  it('starts the time of a round once every other stage has certified the one before', () => {
    expect(told(5, [4, 3])).to.deep.equal([])
    expect(told(5, [4, 4])).to.deep.equal(['ready'])
  })

  it('closes the work of a round that another stage has certified, however far the rest are', () => {
    expect(told(5, [5, 3])).to.deep.equal(['close false'])
    expect(told(5, [7, 5])).to.deep.equal(['ready', 'close false'])
  })

  it('gives up the work of a round that a stage which was re-formed has left out', () => {
    expect(told(5, [4, 3], [5])).to.deep.equal(['idle'])
    expect(told(5, [4, 3], [4, 6])).to.deep.equal([])
  })

  it('says nothing to who only follows', () => {
    const reached = { othersReached: () => true, someReached: () => true, isPassedOver: () => false }
    expect(() => heardOf(reached, { round: 5, work: null, idle: () => undefined })).not.to.throw()
  })
})
