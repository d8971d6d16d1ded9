import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'chai'
import { leaveOutKnownPeers } from '../../../node/network/routing-table.ts'

describe('the routing table', () => {
  it('is asked to take a peer in only while the peer is not in it', async () => {
    const peer = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    const asked: string[] = []
    const table = Object.assign(new EventTarget(), {
      queueRoutingTableUpdate: (other: PeerId) => void asked.push(other.toString()),
    })
    leaveOutKnownPeers({ routingTable: table })
    const ask = (): number => {
      table.queueRoutingTableUpdate(peer)
      return asked.length
    }
    expect(ask()).to.equal(1)
    table.dispatchEvent(new CustomEvent('peer:add', { detail: peer }))
    expect(ask()).to.equal(1)
    table.dispatchEvent(new CustomEvent('peer:remove', { detail: peer }))
    expect(ask()).to.equal(2)
  })
})
