import { expect } from 'chai'
import fc from 'fast-check'
import { closingBundle, createClose, noteSettled, settledCount, sourceQuota } from '../../../consensus/round/index.ts'
import type { PeerName, Settled, Signed } from '../../../protocols/wire/messages.ts'
import { hashOf, makeContext, peerNames, Signer } from './fixtures.ts'

const sources = peerNames(4)
const scope = { ...makeContext(null, sources, 1).scope, stage: 0 }
const signer = new Signer()

function settled(source: PeerName, count: number, change: Partial<Settled> = {}): Signed<Settled> {
  return signer.sign(source, { kind: 'settled', scope, count, root: hashOf(`root ${count}`), ...change })
}

const context = { round: 7, sources, target: 8, slack: 1.5 }

describe('round: leaderless close', () => {
  it('closes when the newest counts reach the target', () => {
    const close = createClose(context)
    for (const source of sources) expect(noteSettled(close, settled(source, 1))).to.equal(true)
    expect(closingBundle(close)).to.equal(null)
    for (const source of sources) noteSettled(close, settled(source, 2))
    expect(closingBundle(close)?.map(({ signer: source }) => source)).to.deep.equal(sources)
  })

  it('counts a source up to its quota, ceil(target / n * slack)', () => {
    const close = createClose(context)
    expect(sourceQuota(context)).to.equal(3)
    noteSettled(close, settled(sources[0]!, 1000))
    expect(settledCount(close)).to.equal(3)
  })

  it('ignores older counts, strangers, other rounds and other stages', () => {
    const close = createClose(context)
    noteSettled(close, settled(sources[0]!, 2))
    expect(noteSettled(close, settled(sources[0]!, 1))).to.equal(false)
    expect(noteSettled(close, settled('12D3KooWstranger', 2))).to.equal(false)
    expect(noteSettled(close, settled(sources[1]!, 2, { scope: { ...scope, round: 8 } }))).to.equal(false)
    expect(noteSettled(close, settled(sources[1]!, 2, { scope: { ...scope, stage: 1 } }))).to.equal(false)
    expect(settledCount(close)).to.equal(2)
  })

  it('gives the same bundle in whatever order it heard, and the bundle closes another', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(
          sources.flatMap(s => [1, 2, 3, 4].map(c => ({ s, c }))),
          { minLength: 0 },
        ),
        heard => {
          const [a, b] = [heard, [...heard].reverse()].map(order => {
            const close = createClose(context)
            for (const { s, c } of order) noteSettled(close, settled(s, c))
            expect(close.newest.size).to.be.at.most(sources.length)
            return closingBundle(close)
          })
          expect(a?.map(one => [one.signer, one.payload.count])).to.deep.equal(
            b?.map(one => [one.signer, one.payload.count]),
          )
          if (a === null || a === undefined) return
          const other = createClose(context)
          for (const signed of a) noteSettled(other, signed)
          expect(closingBundle(other)).to.have.length(a.length)
        },
      ),
      { numRuns: 200 },
    )
  })
})
