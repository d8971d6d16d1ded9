import { expect } from 'chai'
import {
  ACCOUNTS_MAX,
  FRAME_BYTES,
  FRAMES_BURST,
  FRAMES_PER_MS,
  HANDSHAKE_MAX_BYTES,
  PACE_LOOK_MS,
  PLACE_LOOK_MS,
  STRANGER_BURST_MS,
  STRANGER_BYTES_PER_MS,
  STRANGER_FRAME_MAX_BYTES,
  STRANGER_SHARE,
  STRANGERS_BURST_MS,
  STRANGERS_RESUMED_MAX,
  STREAM_WINDOW_MAX_BYTES,
  STREAMS_BURST,
  STREAMS_PER_MS,
  TURN_MAX_MS,
  USED_HALVED_MS,
} from '../../../node/network/constants.ts'
import { Pace } from '../../../node/network/pace.ts'
import { ManualClock } from '../../protocols/wire/frames/pairs.ts'
import { Connection } from './paced-connection.ts'

describe('the pace of connections', () => {
  let clock: ManualClock
  let pace: Pace

  const connect = (name: string | null): Connection => {
    const connection = new Connection()
    pace.watch(connection)
    pace.encrypted(connection, connection.upper)
    if (name !== null) pace.name(connection, name)
    return connection
  }

  /** What is done takes so long. */
  const busy = (connection: Connection, ms: number): void => {
    connection.work = () => clock.advance(ms)
    connection.receive(1)
    // The next to be read from ends the turn of the one before.
    connect('seat').receive(1)
  }

  beforeEach(() => {
    clock = new ManualClock()
    pace = new Pace({ clock, hasPlace: peer => peer.startsWith('seat') })
  })

  afterEach(() => pace.stop())

  for (const name of ['seat', 'stranger']) {
    it(`reads a flood of frames of a ${name} later`, () => {
      const connection = connect(name)
      const count = pace.countOf(connection.upper)
      connection.work = () => {
        for (let frame = 0; frame <= FRAMES_BURST; frame++) count.frame()
      }
      connection.receive(1)
      expect(connection.isPaused).to.equal(true)
      clock.advance(FRAMES_BURST / 2 / FRAMES_PER_MS + PACE_LOOK_MS)
      expect(connection.isPaused).to.equal(false)
    })
  }

  it('takes any number of frames that carry enough', () => {
    const connection = connect('seat')
    const count = pace.countOf(connection.upper)
    connection.work = () => count.frame()
    for (let frame = 0; frame < 2 * FRAMES_BURST; frame++) connection.receive(FRAME_BYTES)
    expect(connection.isPaused).to.equal(false)
  })

  it('lets a stranger send shorter frames than a peer with a place', () => {
    const longest = ['stranger', 'seat'].map(name => pace.countOf(connect(name).upper).longest())
    expect(longest).to.deep.equal([STRANGER_FRAME_MAX_BYTES, STREAM_WINDOW_MAX_BYTES])
  })

  it('knows when a connection opens one stream too many', () => {
    const seat = connect('seat')
    const opened: boolean[] = []
    const count = pace.countOf(seat.upper)
    seat.work = () => {
      for (let stream = 0; stream <= STREAMS_BURST; stream++) opened.push(count.stream())
    }
    seat.receive(1)
    expect(opened.indexOf(false)).to.equal(STREAMS_BURST)
    clock.advance(STREAMS_BURST / STREAMS_PER_MS)
    seat.work = () => void opened.push(count.stream())
    seat.receive(1)
    expect(opened.at(-1)).to.equal(true)
  })

  it('remembers what a peer took that comes again, of so many peers', () => {
    const flood = (name: string): boolean => {
      const connection = connect(name)
      const count = pace.countOf(connection.upper)
      let mayOpen = true
      connection.work = () => {
        for (let stream = 0; stream < STREAMS_BURST; stream++) mayOpen = count.stream()
      }
      connection.receive(1)
      connection.dispatchEvent(new Event('close'))
      return mayOpen
    }
    expect([flood('seat'), flood('seat')]).to.deep.equal([true, false])
    for (let other = 0; other < ACCOUNTS_MAX; other++) connect(`seat ${other}`)
    expect(flood('seat')).to.equal(true)
  })

  it('counts frames for whom they come from, though they are handed on in the turn of another', () => {
    const [attacker, seat] = [connect('stranger'), connect('seat')]
    const count = pace.countOf(attacker.upper)
    attacker.receive(1)
    seat.work = () => {
      for (let frame = 0; frame <= FRAMES_BURST; frame++) count.frame()
      for (let stream = 0; stream < STREAMS_BURST; stream++) count.stream()
    }
    seat.receive(1)
    expect(seat.isPaused).to.equal(false)
    expect(pace.countOf(seat.upper).stream()).to.equal(true)
    expect(count.stream()).to.equal(false)
  })

  it('counts nothing of what it has not been told of', () => {
    const count = pace.countOf({})
    count.frame()
    expect(count.stream()).to.equal(true)
  })

  it('leaves those with a place the time that they take', () => {
    const seat = connect('seat')
    busy(seat, 10 * STRANGERS_BURST_MS)
    expect(seat.isPaused).to.equal(false)
  })

  it('reads a stranger later that took more than its part, until that is made up for', () => {
    const stranger = connect('stranger')
    for (let turn = 0; turn < 2; turn++) busy(stranger, STRANGER_BURST_MS)
    expect(stranger.isPaused).to.equal(true)
    clock.advance((1.4 * STRANGER_BURST_MS) / STRANGER_SHARE)
    expect(stranger.isPaused).to.equal(true)
    clock.advance((0.2 * STRANGER_BURST_MS) / STRANGER_SHARE)
    expect(stranger.isPaused).to.equal(false)
  })

  it('counts of one turn only so much, as a machine that slept in it would else read no stranger for hours', () => {
    const [stranger, other] = [connect('stranger'), connect('other')]
    busy(stranger, 60 * 60_000)
    busy(other, 60 * 60_000)
    clock.advance((2 * TURN_MAX_MS) / STRANGER_SHARE)
    expect([stranger.isPaused, other.isPaused]).to.deep.equal([false, false])
  })

  it('counts the bytes of strangers as time, as what they set off comes later', () => {
    const stranger = connect('stranger')
    stranger.receive(STRANGER_BYTES_PER_MS * (STRANGER_BURST_MS + 1))
    connect('seat').receive(1)
    expect(stranger.isPaused).to.equal(true)
  })

  it('counts what a relay passes on for whom it comes from', () => {
    const relay = connect('relay')
    const bytes = STRANGER_BYTES_PER_MS * (STRANGER_BURST_MS + 1)
    for (const name of ['seat', 'stranger']) {
      const inner = connect(name)
      relay.work = () => inner.receive(bytes)
      relay.receive(bytes)
      connect('seat').receive(1)
      expect([relay.isPaused, inner.isPaused]).to.deep.equal([false, name === 'stranger'])
    }
  })

  it('counts what promises do before the next one has its turn', async () => {
    const stranger = connect('stranger')
    stranger.work = () => void Promise.resolve().then(() => clock.advance(2 * STRANGER_BURST_MS))
    stranger.receive(1)
    expect(stranger.isPaused).to.equal(false)
    await new Promise(resolve => setImmediate(resolve))
    expect(stranger.isPaused).to.equal(true)
  })

  it('reads no stranger while all together took more than theirs, then first who took least', () => {
    const idle = connect('stranger')
    const greedy = Array.from({ length: 2 * STRANGERS_RESUMED_MAX }, (_, index) => connect(`stranger ${index}`))
    for (const connection of greedy) busy(connection, STRANGERS_BURST_MS / 3)
    expect(idle.isPaused).to.equal(true)
    expect(greedy.every(({ isPaused }) => isPaused)).to.equal(true)
    while (idle.isPaused) clock.advance(PACE_LOOK_MS)
    expect(greedy.filter(({ isPaused }) => !isPaused).length).to.be.below(STRANGERS_RESUMED_MAX)
  })

  it('lets what a stranger asks for wait for its turn, and nobody else', async () => {
    const stranger = connect('stranger')
    connect('seat')
    const done: string[] = []
    await pace.spend('seat', 10 * STRANGERS_BURST_MS)
    await pace.spend('nobody', 10 * STRANGERS_BURST_MS)
    await pace.spend('stranger', STRANGER_BURST_MS)
    for (const what of ['first', 'second']) void pace.spend('stranger', 1).then(() => done.push(what))
    await Promise.resolve()
    expect(stranger.isPaused).to.equal(true)
    expect(done).to.deep.equal([])
    while (stranger.isPaused) clock.advance(PACE_LOOK_MS)
    await new Promise(resolve => setImmediate(resolve))
    expect(done).to.deep.equal(['first', 'second'])
  })

  it('lets nothing wait for a connection that ended', async () => {
    const stranger = connect('stranger')
    const waiting = pace.spend('stranger', 2 * STRANGER_BURST_MS)
    stranger.dispatchEvent(new Event('close'))
    await waiting
    await pace.spend('stranger', 2 * STRANGER_BURST_MS)
  })

  it('does not even begin with one more stranger meanwhile', () => {
    for (let turn = 0; turn < 4; turn++) busy(connect(`stranger ${turn}`), TURN_MAX_MS)
    const [late, seat] = [connect('late'), connect('seat')]
    expect([late.isPaused, seat.isPaused]).to.deep.equal([true, false])
  })

  it('does not read from a stranger that does not read, and goes on as soon as it does', () => {
    const [stranger, seat] = [connect('stranger'), connect('seat')]
    for (const connection of [stranger, seat]) {
      connection.writableNeedsDrain = true
      connection.receive(1)
    }
    expect([stranger.isPaused, seat.isPaused]).to.deep.equal([true, false])
    clock.advance(60_000)
    expect(stranger.isPaused).to.equal(true)
    stranger.writableNeedsDrain = false
    stranger.dispatchEvent(new Event('drain'))
    expect(stranger.isPaused).to.equal(false)
  })

  it('reads from whom it dialled meanwhile, or both could wait for each other, but no flood of frames', () => {
    const dialled = connect('stranger')
    dialled.direction = 'outbound'
    dialled.writableNeedsDrain = true
    const count = pace.countOf(dialled.upper)
    dialled.work = () => count.frame()
    const seat = connect('seat')
    for (let frame = 0; frame < FRAMES_BURST; frame++) {
      dialled.receive(1)
      seat.receive(1)
      clock.advance(1)
    }
    expect(dialled.isPaused).to.equal(false)
    for (let frame = 0; frame < FRAMES_BURST / 100; frame++) dialled.receive(1)
    expect(dialled.isPaused).to.equal(true)
  })

  it('ends a connection that cannot go on, and is not ended by it', () => {
    const stranger = connect('stranger')
    stranger.goOn = () => {
      throw new Error('it has ended')
    }
    for (let turn = 0; turn < 2; turn++) busy(stranger, STRANGER_BURST_MS)
    while (pace.size.paused > 0) clock.advance(PACE_LOOK_MS)
    expect(stranger.endedBy?.message).to.equal('it has ended')
  })

  it('pauses anew once a connection goes on, not within what it hands out first', () => {
    const stranger = connect('stranger')
    stranger.handOut = () => {
      stranger.receive(STRANGER_BYTES_PER_MS * 2 * STRANGER_BURST_MS)
      connect('stranger').receive(1)
      expect(stranger.isPaused).to.equal(false)
    }
    stranger.receive(STRANGER_BYTES_PER_MS * 2 * STRANGER_BURST_MS)
    connect('seat').receive(1)
    expect(stranger.isPaused).to.equal(true)
    let hasGoneOn = false
    stranger.goOn = () => {
      hasGoneOn = true
    }
    while (!hasGoneOn) clock.advance(PACE_LOOK_MS)
    expect(stranger.isPaused).to.equal(true)
  })

  it('lets who took its time long ago go before who takes it now', () => {
    const old = connect('stranger')
    for (let turn = 0; turn < 10; turn++) {
      busy(old, STRANGER_BURST_MS)
      while (old.isPaused) clock.advance(PACE_LOOK_MS)
    }
    clock.advance(10 * USED_HALVED_MS)
    const greedy = Array.from({ length: 8 }, (_, index) => connect(`stranger ${index}`))
    for (const connection of greedy) busy(connection, STRANGERS_BURST_MS / 5)
    expect(old.isPaused).to.equal(true)
    while (old.isPaused) clock.advance(PACE_LOOK_MS)
    expect(greedy.filter(({ isPaused }) => !isPaused).length).to.be.below(STRANGERS_RESUMED_MAX)
  })

  it('ends a handshake that goes on and on', () => {
    const nobody = connect(null)
    nobody.receive(HANDSHAKE_MAX_BYTES)
    expect(nobody.endedBy).to.equal(null)
    nobody.receive(1)
    expect(nobody.endedBy).not.to.equal(null)
    const known = connect('stranger')
    for (let part = 0; part < 2; part++) known.receive(HANDSHAKE_MAX_BYTES)
    expect(known.endedBy).to.equal(null)
  })

  it('lets a stranger that was given a place go on', () => {
    const places = new Set<string>()
    pace = new Pace({ clock, hasPlace: peer => places.has(peer) })
    const peer = connect('newcomer')
    peer.receive(STRANGER_BYTES_PER_MS * 10 * STRANGER_BURST_MS)
    connect('other').receive(1)
    expect(peer.isPaused).to.equal(true)
    places.add('newcomer')
    clock.advance(PLACE_LOOK_MS)
    expect(peer.isPaused).to.equal(false)
  })

  it('forgets a connection that ended', () => {
    const stranger = connect('stranger')
    stranger.receive(STRANGER_BYTES_PER_MS * 10 * STRANGER_BURST_MS)
    connect('seat').receive(1)
    expect(pace.size).to.deep.equal({ watched: 2, paused: 1 })
    stranger.dispatchEvent(new Event('close'))
    expect(pace.size).to.deep.equal({ watched: 1, paused: 0 })
  })

  it('does not take up one that has ended already, which would never be forgotten', () => {
    const ended = new Connection()
    pace.watch(ended)
    ended.status = 'closed'
    ended.dispatchEvent(new Event('close'))
    pace.name(ended, 'stranger')
    const other = new Connection()
    other.status = 'aborted'
    pace.watch(other)
    expect(pace.size.watched).to.equal(0)
  })

  it('lets what a stranger asks for wait though the newer of its connections ended', async () => {
    const [older, newer] = [connect('stranger'), connect('stranger')]
    newer.dispatchEvent(new Event('close'))
    let isDone = false
    void pace.spend('stranger', 2 * STRANGER_BURST_MS).then(() => {
      isDone = true
    })
    await new Promise(resolve => setImmediate(resolve))
    expect([older.isPaused, isDone]).to.deep.equal([true, false])
  })

  it('keeps nothing and nobody waiting once it is stopped', async () => {
    const stranger = connect('stranger')
    const waiting = pace.spend('stranger', 2 * STRANGER_BURST_MS)
    pace.stop()
    await waiting
    stranger.receive(STRANGER_BYTES_PER_MS * 10 * STRANGER_BURST_MS)
    connect('seat').receive(1)
    expect(pace.size).to.deep.equal({ watched: 0, paused: 0 })
  })

  it('leaves a connection of another make as it is', () => {
    const other = {}
    pace.watch(other)
    pace.name(other, 'stranger')
    expect(other).to.deep.equal({})
  })
})
