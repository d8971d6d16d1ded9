import { expect } from 'chai'
import { BATCH_MAX_BYTES, BATCH_MAX_MESSAGES } from '../../../protocols/agreement/constants.ts'
import { Outbox, type Outgoing } from '../../../protocols/agreement/outbox.ts'
import { message, PEER } from './messages.ts'

function views(batch: readonly Outgoing[]): number[] {
  return batch.map(({ signed: { payload } }) => (payload.kind === 'prevote' ? payload.view : -1))
}

describe('protocols/agreement: outbox', () => {
  it('keeps the newest vote of a round only', () => {
    const outbox = new Outbox(10)
    for (const view of [0, 1, 2]) outbox.put(message('prevote', { view }))
    expect(views(outbox.takeBatch())).to.deep.equal([2])
  })

  it('keeps aggregates of different partitions, votes of different signers and rounds apart', () => {
    const outbox = new Outbox(10)
    for (const partition of [0, 1]) outbox.put(message('aggregate', { partition }))
    for (const round of [1, 2]) outbox.put(message('prevote', { round }))
    outbox.put(message('prevote', { round: 1, signer: `${PEER}x` }))
    expect(outbox.waiting).to.equal(5)
  })

  it('gives batches within their limits, oldest first', () => {
    const outbox = new Outbox(200)
    for (let partition = 0; partition < BATCH_MAX_MESSAGES + 1; partition++)
      outbox.put(message('aggregate', { partition }))
    expect(outbox.takeBatch()).to.have.length(BATCH_MAX_MESSAGES)
    outbox.put(message('prevote', { bytes: 2 * BATCH_MAX_BYTES }))
    expect(outbox.takeBatch()).to.have.length(1)
    expect(outbox.takeBatch()).to.have.length(1)
    expect(outbox.takeBatch()).to.have.length(0)
  })

  it('sends a batch that was not confirmed again before what came later, without what was superseded', () => {
    const outbox = new Outbox(10)
    outbox.put(message('prevote', { round: 1, view: 0 }))
    outbox.put(message('prevote', { round: 2, view: 5 }))
    const batch = outbox.takeBatch()
    outbox.put(message('prevote', { round: 1, view: 1 }))
    outbox.putBack(batch)
    expect(views(outbox.takeBatch())).to.deep.equal([5, 1])
  })

  it('gives everything again to a peer without memory, and forgets rounds that are over', () => {
    const outbox = new Outbox(10)
    for (const round of [1, 2, 3]) outbox.put(message('prevote', { round, view: round }))
    outbox.takeBatch()
    outbox.dropBelow(2)
    outbox.putAllBack()
    expect(views(outbox.takeBatch())).to.deep.equal([2, 3])
    expect(outbox.size).to.equal(2)
  })

  it('stays within its limit, dropping what is confirmed first', () => {
    const outbox = new Outbox(2)
    outbox.put(message('prevote', { round: 1, view: 1 }))
    outbox.takeBatch()
    outbox.put(message('prevote', { round: 2, view: 2 }))
    outbox.put(message('prevote', { round: 3, view: 3 }))
    expect(views(outbox.takeBatch())).to.deep.equal([2, 3])
    expect(outbox.size).to.equal(2)
  })
})
