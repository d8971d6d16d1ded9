import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'chai'
import { CLOSEST_PEERS_MS } from '../../../node/network/constants.ts'
import { calmRoutingTable } from '../../../node/network/routing-table.ts'

describe('the routing table', () => {
  it('is asked to take a peer in only while the peer is not in it', async () => {
    const peer = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    const asked: string[] = []
    const table = Object.assign(new EventTarget(), {
      closestPeerTagger: { refreshInterval: 1 },
      queueRoutingTableUpdate: (other: PeerId) => void asked.push(other.toString()),
    })
    calmRoutingTable({ routingTable: table })
    const ask = (): number => {
      table.queueRoutingTableUpdate(peer)
      return asked.length
    }
    expect(ask()).to.equal(1)
    table.dispatchEvent(new CustomEvent('peer:add', { detail: peer }))
    expect(ask()).to.equal(1)
    table.dispatchEvent(new CustomEvent('peer:remove', { detail: peer }))
    expect(ask()).to.equal(2)
    expect(table.closestPeerTagger.refreshInterval).to.equal(CLOSEST_PEERS_MS)
  })
})
