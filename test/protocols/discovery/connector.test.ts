import type { Connection, PeerId } from '@libp2p/interface'
import { expect } from 'chai'
import { Connector } from '../../../protocols/discovery/connector.ts'
import { DIAL_YIELD_MS, RETRY_MAX_MS, STEADY_MS } from '../../../protocols/discovery/constants.ts'
import { recordBook } from '../../../protocols/discovery/index.ts'
import { settle, VirtualClock } from './virtual-clock.ts'
import { codecOf, envelopeOf, name, PEERS, RUN, record, seatsOf } from './world.ts'

describe('Connector', () => {
  it('waits longer and longer for a seat that lets it in and throws it out at once, and no more for one that stayed', async () => {
    const clock = new VirtualClock()
    const seats = seatsOf([name(0), name(1)])
    const book = recordBook({ run: RUN, stages: 1, seats, codec: codecOf(name(0)) })
    await book.admit(envelopeOf(name(1), record(1)), null)
    let isConnected = false
    let dials = 0
    const connectionManager = {
      getConnections: () => (isConnected ? [{ remotePeer: PEERS[1] } as Connection] : []),
    } as never
    const connector = new Connector(
      { peerId: PEERS[0] as PeerId, connectionManager, clock, random: () => 1 },
      {
        run: RUN,
        stages: 1,
        seats,
        ephemeral: false,
        needed: () => [0],
        dial: async () => {
          dials++
          isConnected = true
        },
        publish: async () => 0,
      },
      book,
    )
    const drop = async (): Promise<void> => {
      isConnected = false
      connector.wake()
      await settle()
    }
    connector.wake()
    while (clock.nowMs() < 60_000) {
      await clock.advance(10)
      if (isConnected) await drop()
    }
    expect(dials).to.be.within(6, 12)
    await clock.advance(RETRY_MAX_MS)
    await clock.advance(STEADY_MS)
    expect(isConnected).to.equal(true)
    const before = dials
    await drop()
    await clock.advance(DIAL_YIELD_MS)
    expect(dials).to.equal(before + 1)
    connector.stop()
  })
})
