import { expect } from 'chai'
import { Connected } from '../../../node/peer/connected.ts'
import { settle, VirtualClock } from '../../protocols/discovery/virtual-clock.ts'
import { peer } from './messages.ts'

/** It has a seat in stage 0 from the next epoch on. */
const NEXT = `12D3KooW${'J'.repeat(44)}`

/** Stage 0 has peers 0 to 3, stage 1 peers 4 to 7; this is peer 0, and 3 of a stage are a quorum. */
function open({ follows = false } = {}): {
  connected: Connected
  clock: VirtualClock
  waiting: string[]
  changes: [string, boolean][]
  meet: (...peers: number[]) => void
  lose: (index: number) => void
} {
  const clock = new VirtualClock()
  const waiting: string[] = []
  const changes: [string, boolean][] = []
  const seats = (stage: number) => [0, 1, 2, 3].map(index => peer(stage * 4 + index))
  const connected = new Connected({
    self: peer(0),
    stage: 0,
    stages: 2,
    clock,
    seats,
    around: stage => (stage === 0 ? [...seats(0), NEXT] : seats(stage)),
    quorum: () => (follows ? null : 3),
    onChange: (who, isConnected) => changes.push([who, isConnected]),
    onWaiting: text => waiting.push(text),
  })
  const meet = (...peers: number[]): void => {
    for (const index of peers) connected.take({ type: 'connected', peer: peer(index) })
  }
  const lose = (index: number): void => connected.take({ type: 'disconnected', peer: peer(index) })
  return { connected, clock, waiting, changes, meet, lose }
}

function watch(wait: Promise<void>): () => string {
  let state = 'waits'
  wait.then(
    () => {
      state = 'goes on'
    },
    (error: Error) => {
      state = error.message
    },
  )
  return () => state
}

describe('connected seats', () => {
  it('are those of a stage that are there now, without oneself and without strangers', () => {
    const { connected, changes, meet, lose } = open()
    meet(1, 4, 5)
    connected.take({ type: 'connected', peer: '12D3KooWstranger' })
    lose(5)
    expect(connected.of(0)).to.deep.equal([peer(1)])
    expect(connected.of(1)).to.deep.equal([peer(4)])
    expect(connected.unreachable()).to.deep.equal([2, 3, 5, 6, 7].map(peer))
    expect(changes).to.have.length(5)
    expect(changes.at(-1)).to.deep.equal([peer(5), false])
  })

  it('are enough at once when everybody is there', async () => {
    const { connected, clock, waiting, meet } = open()
    const state = watch(connected.enough(new AbortController().signal, { isUnderWay: false }))
    meet(1, 2, 3, 4, 5, 6)
    await settle()
    expect(state()).to.equal('waits')
    meet(7)
    await settle()
    expect(state()).to.equal('goes on')
    expect(waiting.at(-1)).to.equal('')
    expect(clock.timers).to.equal(0)
  })

  it('are enough with a quorum and one neighbour after some patience, and not before', async () => {
    const { connected, clock, meet } = open()
    const state = watch(connected.enough(new AbortController().signal, { isUnderWay: false }))
    meet(1, 2, 4)
    await clock.advance(2_999)
    expect(state()).to.equal('waits')
    await clock.advance(1)
    expect(state()).to.equal('goes on')
  })

  it('are enough with a quorum and one neighbour at once in a run that is under way', async () => {
    const { connected, meet } = open()
    const state = watch(connected.enough(new AbortController().signal, { isUnderWay: true }))
    meet(1, 2)
    await settle()
    expect(state()).to.equal('waits')
    meet(4)
    await settle()
    expect(state()).to.equal('goes on')
  })

  it('are not enough without a quorum, or without a neighbour, however long it takes; it says what is missing', async () => {
    const { connected, clock, waiting, meet, lose } = open()
    const state = watch(connected.enough(new AbortController().signal, { isUnderWay: false }))
    await clock.advance(60_000)
    meet(1)
    await settle()
    meet(2)
    await clock.advance(60_000)
    expect(state()).to.equal('waits')
    meet(4)
    await settle()
    lose(4)
    // The patience began while the neighbour was there; it is over, but he is gone.
    await clock.advance(60_000)
    expect(state()).to.equal('waits')
    expect([...new Set(waiting)]).to.deep.equal([
      'stage 0 needs 2 more replicas',
      'stage 0 needs 1 more replica',
      'stage 1 needs a replica that can be reached from here',
      '',
    ])
  })

  it('are enough for a peer that follows as soon as there is a sibling, of the epochs around too', async () => {
    const { connected, waiting, meet } = open({ follows: true })
    const state = watch(connected.enough(new AbortController().signal, { isUnderWay: false }))
    meet(5, 6)
    await settle()
    expect(state()).to.equal('waits')
    connected.take({ type: 'connected', peer: NEXT })
    await settle()
    expect(state()).to.equal('goes on')
    expect(connected.of(0)).to.deep.equal([NEXT])
    expect(waiting).to.include('nobody of stage 0 can be reached from here')
  })

  it('are waited for until one is stopped', async () => {
    const { connected, clock } = open()
    const stop = new AbortController()
    const state = watch(connected.enough(stop.signal, { isUnderWay: false }))
    await settle()
    stop.abort(new Error('stopped'))
    await settle()
    expect(state()).to.equal('stopped')
    expect(clock.timers).to.equal(0)
  })
})
