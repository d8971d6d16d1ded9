import { expect } from 'chai'
import { Isolation } from '../../../node/peer/isolation.ts'
import { PushedAggregates, pushPatienceMs } from '../../../node/peer/pushed-aggregates.ts'
import { Settlement } from '../../../node/peer/settlement.ts'
import { Timers } from '../../../node/peer/timers.ts'
import { settle, VirtualClock } from '../../protocols/discovery/virtual-clock.ts'
import { hashOf, SCOPE } from '../../protocols/wire/samples.ts'
import { peer, settled } from './messages.ts'

describe('named timers', () => {
  it('fire once each; setting one again replaces it', async () => {
    const clock = new VirtualClock()
    const fired: string[] = []
    const timers = new Timers(clock, name => fired.push(`${name} at ${clock.nowMs()}`))
    timers.set('round', 100)
    timers.set('view', 50)
    await clock.advance(30)
    timers.set('view', 100)
    await clock.advance(500)
    expect(fired).to.deep.equal(['round at 100', 'view at 130'])
    timers.set('round', 10)
    await clock.advance(10)
    expect(fired.at(-1)).to.equal('round at 540')
  })

  it('do not fire once cancelled, and leave nothing on the clock', async () => {
    const clock = new VirtualClock()
    const fired: string[] = []
    const timers = new Timers(clock, name => fired.push(name))
    for (const name of ['a', 'b', 'c']) timers.set(name, 10)
    timers.cancel('a')
    timers.cancel('nobody')
    expect(clock.timers).to.equal(2)
    timers.clear()
    expect(clock.timers).to.equal(0)
    await clock.advance(100)
    expect(fired).to.deep.equal([])
  })
})

describe('pushed aggregates', () => {
  const name = { scope: SCOPE, value: hashOf('value'), partition: 2, hash: hashOf('hash') }

  /** Whether the wait is over. */
  function watch(wait: Promise<void>): () => boolean {
    let isOver = false
    void wait.then(() => {
      isOver = true
    })
    return () => isOver
  }

  it('are waited for until they arrive, for all who wait, and only those', async () => {
    const clock = new VirtualClock()
    const pushed = new PushedAggregates(clock, 150)
    const { signal } = new AbortController()
    const waits = [name, name, { ...name, partition: 3 }].map(one => watch(pushed.wait(one, signal)))
    pushed.arrived(name)
    await settle()
    expect(waits.map(isOver => isOver())).to.deep.equal([true, true, false])
    expect(clock.timers).to.equal(1)
  })

  it('are waited for no longer than they usually take, or until nobody needs them', async () => {
    const clock = new VirtualClock()
    const pushed = new PushedAggregates(clock, 150)
    const stop = new AbortController()
    const patient = watch(pushed.wait(name, new AbortController().signal))
    const stopped = watch(pushed.wait(name, stop.signal))
    stop.abort()
    await settle()
    expect([patient(), stopped()]).to.deep.equal([false, true])
    await clock.advance(150)
    expect(patient()).to.equal(true)
    const late = watch(pushed.wait(name, stop.signal))
    await settle()
    expect(late()).to.equal(true)
    expect(clock.timers).to.equal(0)
  })
})

describe('the patience with pushed aggregates', () => {
  const name = { scope: SCOPE, value: hashOf('value'), partition: 2, hash: hashOf('hash') }

  it('begins anew with every push that arrives', async () => {
    const clock = new VirtualClock()
    const pushed = new PushedAggregates(clock, 150)
    let isOver = false
    void pushed.wait(name, new AbortController().signal).then(() => {
      isOver = true
    })
    await clock.advance(100)
    pushed.arrived({ ...name, partition: 3 })
    await clock.advance(149)
    expect(isOver).to.equal(false)
    await clock.advance(1)
    expect(isOver).to.equal(true)
    expect(clock.timers).to.equal(0)
  })

  it('follows the patience of the run', () => {
    expect([0, 1_000, 30_000].map(pushPatienceMs)).to.deep.equal([150, 150, 3_000])
  })

  it('does not end a wait for one that comes after all', async () => {
    const pushed = new PushedAggregates(new VirtualClock(), 150)
    const stop = new AbortController()
    const arrivals = [stop.signal, new AbortController().signal].map(signal => pushed.arrival(name, signal))
    stop.abort()
    await settle()
    pushed.arrived(name)
    expect(await Promise.all(arrivals)).to.deep.equal([false, true])
  })
})

describe('settlement', () => {
  function open(target: number): { settlement: Settlement; closed: number[][] } {
    const closed: number[][] = []
    const sources = [0, 1, 2, 3].map(peer)
    const settlement = new Settlement({
      round: 1,
      sources,
      target,
      slack: 1.5,
      onClosed: bundle => closed.push(bundle.map(({ payload }) => payload.count)),
    })
    return { settlement, closed }
  }

  it('closes once, when enough is settled, with the fewest messages that show it', () => {
    const { settlement, closed } = open(8)
    for (const [from, count] of [
      [0, 2],
      [1, 3],
      [2, 2],
    ] as const)
      settlement.note(settled(from, count))
    expect(closed).to.deep.equal([])
    settlement.note(settled(3, 3))
    expect(closed).to.deep.equal([[3, 3, 2]])
    settlement.note(settled(2, 3))
    expect(closed).to.have.length(1)
  })

  it('tells news from what is known, from strangers and from other rounds', () => {
    const { settlement, closed } = open(8)
    expect(settlement.note(settled(0, 2))).to.equal(true)
    expect(settlement.note(settled(0, 2))).to.equal(false)
    expect(settlement.note(settled(0, 1))).to.equal(false)
    expect(settlement.note(settled(5, 8))).to.equal(false)
    expect(settlement.note(settled(1, 3, 2))).to.equal(false)
    expect(closed).to.deep.equal([])
  })

  it('is not closed by one source alone, however much it says it settled', () => {
    const { settlement, closed } = open(8)
    settlement.note(settled(0, 1_000_000))
    expect(closed).to.deep.equal([])
  })
})

describe('isolation', () => {
  it('is no news while peers start, is told after ten seconds, and then once a minute', async () => {
    const clock = new VirtualClock()
    const told: number[] = []
    const isolation = new Isolation(clock, () => told.push(clock.nowMs()))
    for (let second = 0; second < 150; second++) {
      isolation.failed(second, 'refused')
      await clock.advance(1_000)
    }
    expect(told).to.deep.equal([10_000, 70_000, 130_000])
  })

  it('begins anew after a peer was reached', async () => {
    const clock = new VirtualClock()
    const told: string[] = []
    const isolation = new Isolation(clock, message => told.push(message))
    isolation.failed(1, 'refused')
    await clock.advance(9_000)
    isolation.connected()
    isolation.failed(2, 'refused')
    await clock.advance(9_000)
    isolation.failed(3, 'refused')
    expect(told).to.deep.equal([])
    await clock.advance(1_000)
    isolation.failed(4, 'connection error')
    expect(told).to.deep.equal(['no peer answers for 10 s (4 attempts): connection error'])
  })
})
