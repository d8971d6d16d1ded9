import { expect } from 'chai'
import fc from 'fast-check'
import { SimChain } from '../../../simulations/kernel/chain.ts'
import { SimDisk } from '../../../simulations/kernel/disk.ts'
import { Downlink } from '../../../simulations/kernel/downlink.ts'
import { Network } from '../../../simulations/kernel/network.ts'
import { afterPowerLoss } from '../../../simulations/kernel/power-loss.ts'
import { RandomStream } from '../../../simulations/kernel/random.ts'
import { Timeline } from '../../../simulations/kernel/timeline.ts'
import { DEFAULT_CHAIN, DEFAULT_NETWORK, DEFAULT_PEER } from '../../../simulations/scenario/defaults.ts'

describe('simulations/kernel', () => {
  it('draws the same from a seed and label, and something else from another', () => {
    const draw = (seed: number, label: string) => {
      const random = new RandomStream(seed, label)
      return Array.from({ length: 8 }, () => random.bits()).join()
    }
    expect(draw(7, 'a')).to.equal(draw(7, 'a'))
    expect(draw(7, 'a')).not.to.equal(draw(7, 'b'))
    expect(draw(7, 'a')).not.to.equal(draw(8, 'a'))
  })

  it('draws uniformly: means and chances are what they say', () => {
    const random = new RandomStream(1, 'uniform')
    let sum = 0
    let hits = 0
    for (let i = 0; i < 20_000; i++) {
      sum += random.next()
      if (random.chance(0.1)) hits++
    }
    expect(sum / 20_000).to.be.closeTo(0.5, 0.01)
    expect(hits / 20_000).to.be.closeTo(0.1, 0.01)
  })

  it('runs callbacks in order of time, and those of one time in the order in which they were asked for', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 200 }), delays => {
        const time = new Timeline()
        const ran: { atMs: number; order: number }[] = []
        for (const [order, delayMs] of delays.entries())
          time.after(delayMs, () => ran.push({ atMs: time.nowMs, order }))
        time.run(1_000)
        expect(ran.map(({ order }) => order)).to.deep.equal(
          delays
            .map((atMs, order) => ({ atMs, order }))
            .sort((a, b) => a.atMs - b.atMs || a.order - b.order)
            .map(one => one.order),
        )
      }),
    )
  })

  it('never calls back before the time', () => {
    const time = new Timeline()
    time.after(1e-10, () => expect(time.nowMs).to.be.greaterThan(0))
    expect(time.run(1)).to.equal('empty')
  })

  it('queues bulk messages for the rate of a link, and keeps the order of control messages', () => {
    const time = new Timeline()
    const shape = { ...DEFAULT_PEER, upMbps: 8, downMbps: 8 }
    const network = new Network(time, [shape, shape], { ...DEFAULT_NETWORK, jitterMs: 50 }, 1)
    const arrivals: number[] = []
    // A megabyte at a megabyte a second.
    for (let i = 0; i < 3; i++) network.send(0, 1, 1e6, 'bulk', () => arrivals.push(time.nowMs))
    const order: number[] = []
    for (let i = 0; i < 50; i++) network.send(0, 1, 100, 'control', () => order.push(i))
    time.run(60_000)
    expect(arrivals[2]).to.be.greaterThan(3_000)
    expect(order).to.deep.equal(order.toSorted((a, b) => a - b))
  })

  it('what waits in the queue of one sender holds up nothing that another sends to the same peer', () => {
    const time = new Timeline()
    const shape = { ...DEFAULT_PEER, upMbps: 8, downMbps: 16 }
    const network = new Network(time, [shape, shape, shape], { ...DEFAULT_NETWORK, jitterMs: 0 }, 1)
    const arrivals: Record<number, number[]> = { 0: [], 1: [] }
    // Two that send a megabyte a second each, to one that receives two.
    for (const from of [0, 1]) {
      for (let i = 0; i < 4; i++) network.send(from, 2, 1e6, 'bulk', () => arrivals[from]!.push(Math.round(time.nowMs)))
    }
    time.run(60_000)
    expect(arrivals[0]).to.deep.equal([1_020, 2_020, 3_020, 4_020])
    // Half a second later: the link is taken while a megabyte of the first comes in.
    expect(arrivals[1]).to.deep.equal([1_520, 2_520, 3_520, 4_520])
  })

  it('a downlink is never used twice at a time, and never idle while something waits for it', () => {
    const pieces = fc.array(
      fc.record({
        earliestMs: fc.integer({ min: 0, max: 500 }),
        lengthMs: fc.integer({ min: 1, max: 40 }),
      }),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(pieces, all => {
        const link = new Downlink()
        const taken = all.map(({ earliestMs, lengthMs }) => {
          const toMs = link.take(0, earliestMs, fromMs => fromMs + lengthMs)
          expect(toMs).to.be.at.least(Math.max(earliestMs, lengthMs))
          return { fromMs: toMs - lengthMs, toMs }
        })
        const sorted = taken.toSorted((a, b) => a.fromMs - b.fromMs)
        for (const [index, { fromMs }] of sorted.entries()) expect(fromMs).to.be.at.least(sorted[index - 1]?.toMs ?? 0)
        // Each comes as early as the pieces asked for before it let it.
        for (const [index, { earliestMs, lengthMs }] of all.entries()) {
          const before = taken.slice(0, index)
          const fits = (toMs: number) => before.every(one => toMs <= one.fromMs || toMs - lengthMs >= one.toMs)
          const candidates = [Math.max(earliestMs, lengthMs), ...before.map(one => one.toMs + lengthMs)]
          const best = Math.min(...candidates.filter(toMs => toMs >= Math.max(earliestMs, lengthMs) && fits(toMs)))
          expect(taken[index]?.toMs).to.equal(best)
        }
      }),
    )
  })

  it('sends what is queued on a slow link at the full rate once its fault is over', () => {
    const time = new Timeline()
    const shape = { ...DEFAULT_PEER, upMbps: 8, downMbps: 80 }
    const network = new Network(time, [shape, shape], { ...DEFAULT_NETWORK, jitterMs: 0 }, 1)
    const random = new RandomStream(1, 'slow')
    network.add({ from: new Set([0]), to: null, rate: 0.1, rateUntilMs: 5_000, random })
    const arrivals: number[] = []
    // Half a megabyte in 5 s at a tenth of a megabyte a second, the rest at ten times that.
    for (let i = 0; i < 3; i++) network.send(0, 1, 1e6, 'bulk', () => arrivals.push(Math.round(time.nowMs)))
    time.run(60_000)
    expect(arrivals).to.deep.equal([5_520, 6_520, 7_520])
  })

  it('delivers nothing over a link that is cut, and again when it is not', () => {
    const time = new Timeline()
    const network = new Network(time, [DEFAULT_PEER, DEFAULT_PEER], DEFAULT_NETWORK, 1)
    const rule = { from: null, to: null, across: new Set([0]), isCut: () => true, random: new RandomStream(1, 'cut') }
    let heard = 0
    network.add(rule)
    expect(network.send(0, 1, 100, 'control', () => heard++)).to.equal(null)
    network.remove(rule)
    expect(network.send(0, 1, 100, 'control', () => heard++)).to.be.a('number')
    time.run(1_000)
    expect(heard).to.equal(1)
  })

  it('loses what was not flushed, or keeps it without having told', () => {
    const kept = new Set<number>()
    for (let seed = 0; seed < 20; seed++) {
      const time = new Timeline()
      const disk = new SimDisk<string>(time, 2)
      let done = 0
      disk.write(['a'], () => done++)
      time.run(5)
      disk.write(['b'], () => done++)
      disk.crash(new RandomStream(seed, 'crash'))
      time.run(10)
      expect(done).to.equal(1)
      expect(disk.records[0]).to.equal('a')
      kept.add(disk.records.length)
    }
    expect([...kept].sort()).to.deep.equal([1, 2])
  })

  it('damages by a loss of power nothing that was flushed, and of the rest anything', () => {
    const found = new Set<string>()
    for (let seed = 0; seed < 60; seed++)
      found.add([...afterPowerLoss(Uint8Array.of(1, 2, 3, 4), 2, new RandomStream(seed, 'power'))].join())
    expect([...found].sort()).to.deep.equal(['1,2', '1,2,0,0', '1,2,3', '1,2,3,0', '1,2,3,4'])
  })

  it('takes nothing when full, and goes back to a copy', () => {
    const time = new Timeline()
    const disk = new SimDisk<string>(time, 0)
    disk.write(['a'], () => {})
    time.run(1)
    disk.backUp()
    disk.write(['b'], () => {})
    time.run(2)
    disk.isFull = true
    expect(disk.write(['c'], () => {})).to.equal(false)
    disk.lose('stale')
    expect(disk.records).to.deep.equal(['a'])
    disk.lose('empty')
    expect(disk.records).to.deep.equal([])
  })

  it('replaces only blocks that are not final, and includes their transactions again', () => {
    const time = new Timeline()
    const chain = new SimChain<string>(time, { ...DEFAULT_CHAIN, blockMs: 100, finalityBlocks: 2 }, 1, () => {})
    chain.start()
    time.run(1_000)
    chain.submit('x')
    time.run(1_150)
    const { height } = chain.finalized
    const before = chain.block(height).hash
    const best = chain.best.hash
    chain.reorganise()
    expect(chain.block(height).hash).to.deep.equal(before)
    expect(chain.best.hash).not.to.deep.equal(best)
    time.run(2_000)
    expect(chain.transactions(0, chain.best.height).map(({ transaction }) => transaction)).to.deep.equal(['x'])
  })

  it('reads the transactions of a range of blocks, and of none that was replaced', () => {
    const time = new Timeline()
    const chain = new SimChain<string>(time, { ...DEFAULT_CHAIN, blockMs: 100, finalityBlocks: 2 }, 1, () => {})
    chain.start()
    for (const [index, name] of ['a', 'b', 'c', 'd'].entries()) {
      time.run(100 * index + 50)
      chain.submit(name)
    }
    time.run(450)
    const { height: last } = chain.best
    const said = (after: number, to: number) => chain.transactions(after, to).map(({ transaction }) => transaction)
    expect(said(last - 3, last - 1)).to.deep.equal(['b', 'c'])
    expect(said(last, last + 5)).to.deep.equal([])
    expect(said(-1, last)).to.deep.equal(['a', 'b', 'c', 'd'])
    chain.reorganise()
    expect(said(0, last)).to.deep.equal(['a', 'b'])
    time.run(550)
    expect(said(last, last + 1)).to.deep.equal(['c', 'd'])
  })

  it('keeps the order of a connection however many peers are spoken to', () => {
    const time = new Timeline()
    const shapes = Array.from({ length: 300 }, () => DEFAULT_PEER)
    const network = new Network(time, shapes, { ...DEFAULT_NETWORK, jitterMs: 200 }, 1)
    const heard = shapes.map((): number[] => [])
    for (let number = 0; number < 40; number++) {
      for (let to = 1; to < shapes.length; to++) network.send(0, to, 100, 'control', () => heard[to]!.push(number))
      time.run(10 * number)
    }
    time.run(10_000)
    const inOrder = Array.from({ length: 40 }, (_, number) => number)
    for (const numbers of heard.slice(1)) expect(numbers).to.deep.equal(inOrder)
  })
})
