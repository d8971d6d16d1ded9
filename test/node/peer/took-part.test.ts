import { expect } from 'chai'
import { setBit } from '../../../consensus/round/availability.ts'
import { tookPart } from '../../../node/peer/took-part.ts'

describe('whether a peer took part in a round', () => {
  const seats = ['a', 'b', 'c', 'd'].map(peer => ({ peer, stake: 1n }))
  const group = { seats, faults: 1 }
  /** @param heard - by each signer, the seats that it heard */
  const certificate = (heard: readonly (readonly number[])[], authors: readonly string[] = []) => {
    const outcomes = heard.map((bits, index) => {
      const bitmap = new Uint8Array(1)
      for (const bit of bits) setBit(bitmap, bit)
      return { signer: seats[index]!.peer, payload: { heard: bitmap } }
    })
    const commits = authors.map(signer => ({ signer }))
    return { signers: ['a', 'b', 'c'], commits, outcomes }
  }
  const was = (...given: Parameters<typeof certificate>) => tookPart(certificate(...given), group, 'd')

  it('is told by its signature, by its commitment, and by more than f who heard it', () => {
    expect(tookPart(certificate([[], [], []]), group, 'a')).to.equal(true)
    expect(was([[], [], []], ['d'])).to.equal(true)
    expect(was([[3], [3], []])).to.equal(true)
  })

  it('is not told by f, who may lie, nor of who has no seat', () => {
    expect(was([[3], [], []])).to.equal(false)
    expect(was([[0, 1], [0, 1, 2], []])).to.equal(false)
    expect(tookPart(certificate([[3], [3], [3]]), group, 'e')).to.equal(false)
    expect(tookPart(certificate([[3], [3], [3]]), null, 'd')).to.equal(false)
  })
})
