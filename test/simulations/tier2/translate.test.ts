import { expect } from 'chai'
import type { NodeEvent } from '../../../node/events/types.ts'
import { reachedBy, translate } from '../../../simulations/tier2/translate.ts'

const NAMES = ['a', 'b', 'c']
const SPEAKER = { peer: 1, stage: 0, atMs: 7, indexOf: (name: string) => NAMES.indexOf(name) }
const PARENT = { value: '00', outcome: '01' }

const certified = (next: 'promote' | 'adopt', commits = 1): NodeEvent => ({
  event: 'round.certified',
  timeMs: 1_000,
  stage: 0,
  round: 3,
  view: 1,
  leader: 'a',
  state: 'aa',
  commits,
  tokens: 64,
  value: 'bb',
  outcome: 'cc',
  parent: PARENT,
  signers: ['a', 'c'],
  sealed: [{ peer: 'b', count: 2, trace: ['a/0', 'c/1'] }],
  next,
})

describe('translating what real peers say', () => {
  it('names peers by their index, and tells a certificate with its decision', () => {
    const of = { atMs: 7, peer: 1, stage: 0, round: 3, view: 1, value: 'bb', skip: false }
    expect(translate(certified('promote'), SPEAKER)).to.deep.equal([
      { type: 'decided', ...of },
      {
        type: 'certified',
        ...of,
        outcome: 'cc',
        state: 'aa',
        parent: PARENT,
        sealed: [{ peer: 1, count: 2, trace: ['0/0', '2/1'] }],
        signers: [0, 2],
        next: 'promote',
      },
    ])
  })

  it('tells a peer that computed something else', () => {
    expect(translate(certified('adopt'), SPEAKER).map(({ type }) => type)).to.deep.equal([
      'decided',
      'certified',
      'diverged',
    ])
  })

  it('tells refusals of strangers and of nobody apart', () => {
    const refused = (peer: string) => translate({ event: 'refused', timeMs: 0, reason: 'no-seat', peer }, SPEAKER)
    expect(refused('c')).to.deep.equal([{ type: 'refused', atMs: 7, peer: 1, reason: 'no-seat', from: 2 }])
    expect(refused('stranger')[0]).to.include({ from: -1 })
    expect(refused('')[0]).to.include({ from: null })
  })

  it('says which states were reached', () => {
    expect(reachedBy(certified('promote'))).to.equal(null)
    expect(reachedBy(certified('promote', 0))).to.equal('skipped')
    expect(reachedBy({ event: 'synced', timeMs: 0, stage: 0, round: 2, by: 'replay' })).to.equal('catch-up/replay')
  })
})
