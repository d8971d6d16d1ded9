import { expect } from 'chai'
import { SeenSignatures } from '../../../node/peer/seen-signatures.ts'
import type { Signed } from '../../../protocols/wire/messages.ts'
import { samplePayloads } from '../../protocols/wire/samples.ts'
import { commit, peer, prevote } from './messages.ts'

/** Told apart by its bytes, of which there are `length`. */
function named(signed: Signed, length: number): Signed {
  return { ...signed, envelope: new Uint8Array(length) }
}

const lengths = (seen: SeenSignatures, of: number) => seen.envelopes(peer(of)).map(envelope => envelope.length)

describe('signatures seen of siblings', () => {
  it('are the newest of each kind and round, shortest first, by signer', () => {
    const seen = new SeenSignatures()
    seen.note(named(commit(0, 7), 50))
    for (const view of [0, 2, 1]) seen.note(named(prevote(0, 7, view), 10 + view))
    seen.note(named(prevote(0, 8), 20))
    seen.note(named(prevote(1, 7), 30))
    expect(lengths(seen, 0)).to.deep.equal([12, 20, 50])
    expect(lengths(seen, 1)).to.deep.equal([30])
    expect(lengths(seen, 2)).to.deep.equal([])
  })

  it('are kept for the round in progress and those beside it, and not of kinds that may be signed often', () => {
    const seen = new SeenSignatures()
    for (const round of [6, 7, 8, 9]) seen.note(named(prevote(0, round), round))
    seen.note({ signer: peer(0), payload: samplePayloads(peer(0)).idle, envelope: new Uint8Array(1) })
    seen.advance(8)
    expect(lengths(seen, 0)).to.deep.equal([7, 8, 9])
  })
})
