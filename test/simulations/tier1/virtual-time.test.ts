import { expect } from 'chai'
import { takeAmbient } from '../../../simulations/tier1/ambient.ts'
import { MachineClock, SimProcess } from '../../../simulations/tier1/process.ts'
import { VirtualTime } from '../../../simulations/tier1/virtual-time.ts'

const never = (): boolean => false

describe('simulations/tier1: virtual time', () => {
  it('fires in order of time, those of one time in the order in which they were asked for', async () => {
    const time = new VirtualTime()
    const seen: string[] = []
    time.at(20, () => seen.push('c'))
    time.at(10, () => seen.push('a'))
    time.at(10, () => seen.push('b'))
    await time.run(never, 100)
    expect(seen).to.deep.equal(['a', 'b', 'c'])
    expect(time.nowMs).to.equal(100)
  })

  it('runs everything that a callback sets off before the next one', async () => {
    const time = new VirtualTime()
    const seen: string[] = []
    time.at(1, async () => {
      for (let turn = 0; turn < 50; turn++) await Promise.resolve()
      seen.push('settled')
    })
    time.at(1, () => seen.push('next'))
    await time.run(never, 10)
    expect(seen).to.deep.equal(['settled', 'next'])
  })

  it('is never early, however small a part of a microsecond is asked for', async () => {
    const time = new VirtualTime()
    const dueMs = 1 / 3
    let firedMs = 0
    time.at(dueMs, () => {
      firedMs = time.nowMs
    })
    await time.run(never, 10)
    expect(firedMs).to.be.at.least(dueMs)
  })

  it('fires nothing that was cancelled, also among thousands', async () => {
    const time = new VirtualTime()
    let fired = 0
    const cancels = Array.from({ length: 5_000 }, (_, at) => time.at(at, () => fired++))
    for (const [at, cancel] of cancels.entries()) if (at % 5 !== 0) cancel()
    await time.run(never, 10_000)
    expect(fired).to.equal(1_000)
  })
})

describe('simulations/tier1: a process in this one', () => {
  function start(): { time: VirtualTime; process: SimProcess } {
    const time = new VirtualTime()
    return { time, process: new SimProcess(time, new MachineClock(time), () => 0.25) }
  }

  it('gets virtual timers, clocks and chance from the global scope; everybody else the real ones', async () => {
    const { time, process } = start()
    const before = { setTimeout, now: Date.now, random: Math.random, timeout: AbortSignal.timeout }
    const giveBack = takeAmbient()
    const seen: number[] = []
    process.run(() => {
      const began = Date.now()
      setTimeout(() => seen.push(Date.now() - began), 5_000)
      seen.push(Math.random(), crypto.getRandomValues(new Uint8Array(1))[0] ?? 0)
    })
    expect(Math.random()).not.to.equal(0.25)
    expect(Math.abs(Date.now() - before.now())).to.be.below(1_000)
    await time.run(never, 10_000)
    giveBack()
    expect(seen).to.deep.equal([0.25, 64, 5_000])
    const after = { setTimeout, now: Date.now, random: Math.random, timeout: AbortSignal.timeout }
    expect(after).to.deep.equal(before)
  })

  it('aborts by AbortSignal.timeout in virtual time, with the reason that Node gives', async () => {
    const { time, process } = start()
    const giveBack = takeAmbient()
    const signal = process.run(() => AbortSignal.timeout(60_000))
    await time.run(() => signal.aborted, 100_000)
    giveBack()
    expect(signal.reason).to.be.instanceOf(DOMException).and.have.property('name', 'TimeoutError')
    expect(time.nowMs).to.equal(60_000)
  })

  it('runs later what came due while it was paused, and never what came due after it was killed', async () => {
    const { time, process } = start()
    const seen: string[] = []
    time.after(10, () => seen.push(`held ${time.nowMs}`), process)
    process.pause()
    time.after(50, () => process.resume())
    time.after(60, () => process.kill())
    time.after(70, () => seen.push('dead'), process)
    await time.run(never, 100)
    expect(seen).to.deep.equal(['held 50'])
  })

  it('counts by the clock of its machine, which may run fast and jump', async () => {
    const { time, process } = start()
    process.machine.rate = 2
    let firedMs = 0
    process.after(1_000, () => {
      firedMs = time.nowMs
    })
    await time.run(never, 1_000)
    expect(firedMs).to.equal(500)
    expect(process.clock.nowMs()).to.equal(2_000)
    process.machine.rate = 1
    expect(process.clock.nowMs()).to.equal(2_000)
    process.machine.jump(86_400_000)
    expect(process.clock.nowMs()).to.equal(86_402_000)
  })
})
