import { expect } from 'chai'
import type { LockRecord } from '../../../consensus/round/types.ts'
import { decodeLock, encodeLock } from '../../../node/peer/lock-record.ts'
import { encode } from '../../../protocols/wire/cbor.ts'
import { open, seal } from '../../../protocols/wire/envelope.ts'
import { hashValue } from '../../../protocols/wire/hash.ts'
import { isRefusal } from '../../../protocols/wire/refusals.ts'
import { hashOf, roundValue, samplePayloads, seatsOf } from '../../protocols/wire/samples.ts'

async function polka(): Promise<NonNullable<LockRecord['valid']>> {
  const seats = await seatsOf(3)
  const value = roundValue(seats.map(({ name }) => name))
  const id = hashValue(value)
  const [first] = seats
  if (first === undefined) throw new Error('there are seats')
  const { propose, prevote } = samplePayloads(first.name)
  const proposal = await open((await seal({ ...propose, value }, first.key)).envelope, { kinds: ['propose'] })
  if (isRefusal(proposal)) throw new Error(proposal.detail)
  const prevotes = []
  for (const { key } of seats) {
    const vote = await open((await seal({ ...prevote, value: id }, key)).envelope, { kinds: ['prevote'] })
    if (isRefusal(vote)) throw new Error(vote.detail)
    prevotes.push(vote)
  }
  return { view: 2, value: id, proposal, prevotes }
}

async function failure(bytes: Uint8Array): Promise<unknown> {
  return decodeLock(bytes).then(
    () => null,
    error => error,
  )
}

describe('lock record', () => {
  it('gives back what was kept, signatures checked', async () => {
    const lock = { view: 3, value: hashOf('v'), otherView: 1 }
    for (const record of [
      { lock: null, valid: null },
      { lock, valid: null },
      { lock, valid: await polka() },
      { lock: { ...lock, otherView: -1 }, valid: await polka() },
    ]) {
      expect(await decodeLock(encodeLock(record))).to.deep.equal(record)
    }
  })

  it('refuses bytes that it did not write', async () => {
    expect(await failure(new Uint8Array(3))).to.be.instanceOf(TypeError)
    expect(await failure(encode({ lock: null }))).to.be.instanceOf(TypeError)
  })

  it('refuses a polka with a signature that does not hold', async () => {
    const valid = await polka()
    for (const at of [10, valid.proposal.envelope.length - 5]) {
      const envelope = valid.proposal.envelope.slice()
      envelope[at] = (envelope[at] ?? 0) ^ 1
      const forged = { ...valid, proposal: { ...valid.proposal, envelope } }
      expect(await failure(encodeLock({ lock: null, valid: forged }))).to.be.instanceOf(TypeError)
    }
    const [vote, ...others] = valid.prevotes
    if (vote === undefined) throw new Error('there are votes')
    const envelope = vote.envelope.slice()
    envelope[envelope.length - 5] = (envelope[envelope.length - 5] ?? 0) ^ 1
    const forged = { ...valid, prevotes: [{ ...vote, envelope }, ...others] }
    expect(await failure(encodeLock({ lock: null, valid: forged }))).to.be.instanceOf(TypeError)
  })
})
