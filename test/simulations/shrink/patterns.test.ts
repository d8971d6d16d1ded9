import { expect } from 'chai'
import { Patterns } from '../../../simulations/shrink/patterns.ts'
import type { SimEvent } from '../../../simulations/trace/types.ts'

interface Vote {
  readonly peer: number
  readonly value: string | null
  readonly round?: number
  readonly view?: number
  readonly kind?: string
}

const vote = ({ peer, value, round = 1, view = 0, kind = 'prevote' }: Vote, atMs = 0): SimEvent => ({
  type: 'signed',
  atMs,
  peer,
  stage: 0,
  round,
  kind,
  slot: null,
  essence: '',
  view,
  value,
})

function patternsOf(events: readonly SimEvent[]): Patterns {
  const patterns = new Patterns()
  for (const event of events) patterns.note(event)
  return patterns
}

describe('what a run looked like', () => {
  it('is the same whoever it was, whatever the value and the round are called, and whenever it happened', () => {
    const one = patternsOf([
      vote({ peer: 0, value: 'a' }),
      vote({ peer: 1, value: 'a' }),
      vote({ peer: 2, value: null }),
    ])
    const other = patternsOf(
      [3, 1].map(peer => vote({ peer, value: 'x', round: 9 }, 70)).concat(vote({ peer: 0, value: null, round: 9 }, 99)),
    )
    expect(one.all).to.deep.equal(other.all)
  })

  it('tells who votes for the same from who votes for another', () => {
    const same = patternsOf([vote({ peer: 0, value: 'a' }), vote({ peer: 0, value: 'a', view: 1 })])
    const another = patternsOf([vote({ peer: 0, value: 'a' }), vote({ peer: 0, value: 'b', view: 1 })])
    expect([...another.all].filter(pattern => !same.all.has(pattern))).to.deep.equal([
      'prevote 1 value 1 x1',
      'prevote 0 value 0, prevote 1 value 1',
    ])
  })

  it('has times of all signatures, but patterns of votes alone, and remembers which round was the newest', () => {
    const patterns = patternsOf([
      vote({ peer: 0, value: 'a' }, 5),
      vote({ peer: 0, value: 'a', kind: 'outcome' }, 7),
      vote({ peer: 1, value: null, round: 2 }, 9),
    ])
    expect(patterns.timesMs).to.deep.equal([5, 7, 9])
    expect(patterns.newest.fromMs).to.equal(9)
    expect([...patterns.newest.patterns]).to.deep.equal(['prevote 0 nil x1', 'prevote 0 nil'])
  })

  it('is bounded, however long the run', () => {
    const patterns = new Patterns()
    for (let i = 0; i < 2_000; i++)
      patterns.note(vote({ peer: i % 50, value: `${i}`, round: 1 + (i % 100), view: i % 9 }))
    expect(patterns.all.size).to.be.below(1_000)
  })
})
