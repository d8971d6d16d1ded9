import type { MultiaddrConnection } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { expect } from 'chai'
import { STREAM_WINDOW_MAX_BYTES } from '../../../node/network/constants.ts'
import { Liveness } from '../../../node/network/liveness.ts'
import { sparingYamux } from '../../../node/network/muxer.ts'
import { ManualClock, until } from '../../protocols/wire/frames/pairs.ts'

const MIB = 1024 * 1024
const WINDOW_UPDATE = 1
const PING = 2
const SYN = 1

/** A frame of yamux without what follows it. */
function header(type: number, flag: number, stream: number, length: number): Uint8Array {
  const bytes = new Uint8Array(12)
  const view = new DataView(bytes.buffer)
  view.setUint8(1, type)
  view.setUint16(2, flag)
  view.setUint32(4, stream)
  view.setUint32(8, length)
  return bytes
}

describe('frames of yamux', () => {
  let attacker: MultiaddrConnection
  let victim: MultiaddrConnection
  let frames: number
  let streams: number
  let mayOpen: boolean
  let longestBytes: number

  beforeEach(() => {
    frames = 0
    streams = 0
    mayOpen = true
    longestBytes = STREAM_WINDOW_MAX_BYTES
    const pair = multiaddrConnectionPair()
    attacker = pair[0]
    victim = pair[1]
    const count = {
      frame: () => void frames++,
      stream: () => {
        streams++
        return mayOpen
      },
      longest: () => longestBytes,
    }
    sparingYamux(new Liveness(new ManualClock()), { countOf: () => count })().createStreamMuxer(victim)
  })

  afterEach(() => {
    for (const connection of [attacker, victim]) connection.abort(new Error('the test is over'))
  })

  it('are counted, and the streams that they open', async () => {
    for (let ping = 0; ping < 3; ping++) attacker.send(header(PING, SYN, 0, ping))
    await until(() => frames === 3)
    attacker.send(header(WINDOW_UPDATE, SYN, 1, 0))
    await until(() => frames === 4)
    expect(streams).to.equal(1)
    expect(victim.status).to.equal('open')
  })

  it('end the connection where they open one stream too many', async () => {
    mayOpen = false
    attacker.send(header(WINDOW_UPDATE, SYN, 1, 0))
    await until(() => victim.status === 'aborted')
  })

  it('end the connection where one is announced that is longer than a window', async () => {
    attacker.send(header(0, SYN, 1, 0xffffffff))
    const part = new Uint8Array(MIB)
    for (let sent = 0; sent < STREAM_WINDOW_MAX_BYTES; sent += MIB) attacker.send(part)
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(victim.status).to.equal('open')
    attacker.send(part)
    await until(() => victim.status === 'aborted')
  })
  it('end the connection where one becomes longer than the other end may send', async () => {
    longestBytes = MIB
    attacker.send(header(0, SYN, 1, 2 * MIB))
    attacker.send(new Uint8Array(MIB))
    await new Promise(resolve => setImmediate(resolve))
    expect(victim.status).to.equal('open')
    attacker.send(new Uint8Array(1))
    await until(() => victim.status === 'aborted')
  })
})
