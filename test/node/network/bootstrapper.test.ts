import { expect } from 'chai'
import { Bootstrapper, type Target } from '../../../node/network/bootstrapper.ts'
import {
  BOOTSTRAP_BACKOFF_MAX_MS,
  BOOTSTRAP_DIALS_MAX,
  BOOTSTRAP_ENOUGH_PEERS,
  BOOTSTRAP_IDLE_MS,
} from '../../../node/network/constants.ts'
import { STEADY_MS } from '../../../protocols/discovery/constants.ts'
import { settle, VirtualClock } from '../../protocols/discovery/virtual-clock.ts'

class FakeTarget implements Target {
  readonly key: string
  readonly dialledAtMs: number[] = []
  readonly #clock: VirtualClock
  readonly #answers: () => boolean
  #connected = false

  constructor(key: string, clock: VirtualClock, answers: () => boolean) {
    this.key = key
    this.#clock = clock
    this.#answers = answers
  }

  connected(): boolean {
    return this.#connected
  }

  drop(): void {
    this.#connected = false
  }

  async dial(): Promise<void> {
    this.dialledAtMs.push(this.#clock.nowMs())
    if (!this.#answers()) throw new Error('ECONNREFUSED')
    this.#connected = true
  }
}

describe('Bootstrapper', () => {
  let clock: VirtualClock
  beforeEach(() => {
    clock = new VirtualClock()
  })

  const start = (bootstrap: readonly Target[], stored: readonly Target[] = [], extraPeers = 0, random = 1) => {
    const isolated: string[] = []
    const all = [...bootstrap, ...stored]
    const bootstrapper = new Bootstrapper({
      clock,
      random: () => random,
      bootstrap,
      stored: async () => stored,
      connectedPeers: () => all.filter(target => target.connected()).length + extraPeers,
      onIsolated: (_attempts, lastError) => isolated.push(lastError),
    })
    bootstrapper.start()
    return { bootstrapper, isolated }
  }

  it('keeps trying a bootstrap peer that starts later, with growing waits up to the limit', async () => {
    let up = false
    const target = new FakeTarget('late', clock, () => up)
    const { bootstrapper, isolated } = start([target])
    await clock.advance(120_000)
    const waits = target.dialledAtMs.slice(1).map((at, index) => at - (target.dialledAtMs[index] ?? 0))
    expect(waits.slice(0, 4)).to.deep.equal([250, 500, 1000, 2000])
    expect(Math.max(...waits)).to.equal(BOOTSTRAP_BACKOFF_MAX_MS)
    expect(isolated[0]).to.equal('ECONNREFUSED')
    up = true
    await clock.advance(BOOTSTRAP_BACKOFF_MAX_MS)
    expect(target.connected()).to.equal(true)
    bootstrapper.stop()
  })

  it('draws each wait from the upper half, so that peers that started together part', async () => {
    const target = new FakeTarget('away', clock, () => false)
    const { bootstrapper } = start([target], [], 0, 0)
    await clock.advance(400)
    expect(target.dialledAtMs).to.deep.equal([0, 125, 375])
    bootstrapper.stop()
  })

  it('dials stored peers when all bootstrap peers are gone', async () => {
    const stored = new FakeTarget('stored', clock, () => true)
    const { bootstrapper } = start([new FakeTarget('gone', clock, () => false)], [stored])
    await clock.advance(0)
    expect(stored.connected()).to.equal(true)
    bootstrapper.stop()
  })

  it('rests while enough peers are connected', async () => {
    const target = new FakeTarget('not needed', clock, () => true)
    const { bootstrapper } = start([target], [], BOOTSTRAP_ENOUGH_PEERS)
    await clock.advance(10 * BOOTSTRAP_IDLE_MS)
    expect(target.dialledAtMs).to.deep.equal([])
    bootstrapper.stop()
  })

  it('dials a lost peer at once when it is woken', async () => {
    const target = new FakeTarget('lost', clock, () => true)
    const { bootstrapper } = start([target])
    await clock.advance(1)
    target.drop()
    bootstrapper.wake()
    await settle()
    expect(target.dialledAtMs).to.deep.equal([0, 1])
    bootstrapper.stop()
  })

  it('waits longer and longer for who lets it in and throws it out at once, and no more for who stayed', async () => {
    const target = new FakeTarget('refuses', clock, () => true)
    const { bootstrapper } = start([target])
    const until = async (ms: number): Promise<void> => {
      while (clock.nowMs() < ms) {
        await clock.advance(10)
        if (!target.connected()) continue
        target.drop()
        bootstrapper.wake()
      }
    }
    await until(60_000)
    expect(target.dialledAtMs.length).to.be.within(8, 12)
    while (!target.connected()) await clock.advance(10)
    await clock.advance(STEADY_MS + 1)
    const dials = target.dialledAtMs.length
    target.drop()
    bootstrapper.wake()
    await settle()
    expect(target.dialledAtMs.length).to.equal(dials + 1)
    bootstrapper.stop()
  })

  it('never dials more than its limit at a time, and all in the end', async () => {
    const open = { now: 0, most: 0 }
    const targets = Array.from(
      { length: 3 * BOOTSTRAP_DIALS_MAX },
      (_, index) => new FakeTarget(`${index}`, clock, () => false),
    )
    const slow = targets.map(target => ({
      key: target.key,
      connected: () => false,
      dial: async () => {
        open.most = Math.max(open.most, ++open.now)
        await settle()
        open.now--
        await target.dial()
      },
    }))
    const { bootstrapper } = start(slow)
    for (let turn = 0; turn < 20; turn++) await clock.advance(0)
    expect(open.most).to.equal(BOOTSTRAP_DIALS_MAX)
    expect(targets.every(target => target.dialledAtMs.length === 1)).to.equal(true)
    bootstrapper.stop()
  })

  it('leaves no timer behind when it stops', async () => {
    const { bootstrapper } = start([new FakeTarget('away', clock, () => false)])
    await clock.advance(1000)
    bootstrapper.stop()
    expect(clock.timers).to.equal(0)
    bootstrapper.wake()
    await settle()
    expect(clock.timers).to.equal(0)
  })
})
