import { expect } from 'chai'
import { LIVENESS_LOOK_MS, SILENCE_MAX_MS } from '../../../node/network/constants.ts'
import { Liveness } from '../../../node/network/liveness.ts'
import { ManualClock } from '../../protocols/wire/frames/pairs.ts'

class Watched extends EventTarget {
  pings = 0
  received = 0
  endedBy: Error | null = null
  /** Instead of yamux. */
  readonly muxer = {
    onData: (): void => void this.received++,
    ping: (): Promise<number> => {
      this.pings++
      return Promise.reject(new Error('nobody answers'))
    },
    abort: (): void => undefined,
  }

  abort(error: Error): void {
    this.endedBy = error
  }
}

describe('liveness of connections', () => {
  let clock: ManualClock
  let liveness: Liveness

  const watch = (): Watched => {
    const watched = new Watched()
    liveness.watch(watched.muxer, watched as never)
    return watched
  }

  const looks = (count: number, between: () => void = () => undefined): void => {
    for (let look = 0; look < count; look++) {
      between()
      clock.advance(LIVENESS_LOOK_MS)
    }
  }

  beforeEach(() => {
    clock = new ManualClock()
    liveness = new Liveness(clock)
    liveness.start()
  })

  afterEach(() => liveness.stop())

  it('pings once, for the round trip, and then nobody who is heard', () => {
    const watched = watch()
    looks(50, () => watched.muxer.onData())
    expect(watched.pings).to.equal(1)
    expect(watched.received).to.equal(50)
    expect(watched.endedBy).to.equal(null)
  })

  it('pings a silent connection at each look, and leaves it once something comes', () => {
    const watched = watch()
    looks(4)
    expect(watched.pings).to.equal(1 + 3)
    watched.muxer.onData()
    looks(4)
    expect(watched.endedBy).to.equal(null)
  })

  it('ends a connection that stays silent, in its time, and no other', () => {
    const [dead, alive] = [watch(), watch()]
    looks(SILENCE_MAX_MS / LIVENESS_LOOK_MS, () => alive.muxer.onData())
    expect(dead.endedBy).to.equal(null)
    looks(1, () => alive.muxer.onData())
    expect(dead.endedBy?.message).to.include('nothing came')
    expect(alive.endedBy).to.equal(null)
  })

  it('leaves a connection that takes what is sent, slowly, and says nothing', () => {
    const watched = watch()
    looks(50, () => watched.dispatchEvent(new Event('drain')))
    expect(watched.endedBy).to.equal(null)
    looks(1 + SILENCE_MAX_MS / LIVENESS_LOOK_MS)
    expect(watched.endedBy).not.to.equal(null)
  })

  it('ends none because the machine slept', () => {
    const watched = watch()
    clock.advance(10 * SILENCE_MAX_MS)
    watched.muxer.onData()
    looks(2)
    expect(watched.endedBy).to.equal(null)
  })

  it('waits for nothing once all connections are closed, or it is stopped', () => {
    const closed = watch()
    closed.dispatchEvent(new Event('close'))
    looks(1)
    expect(clock.timers).to.equal(0)
    watch()
    liveness.stop()
    expect(clock.timers).to.equal(0)
  })
})
