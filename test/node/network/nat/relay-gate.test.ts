import type { Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { CircuitDoor, HOP_PROTOCOL, mayReserve, type RelayedStreams } from '../../../../node/network/nat/relay-gate.ts'
import { seatsOf } from '../../../protocols/wire/samples.ts'

const NAMES = (await seatsOf(4)).map(seat => seat.name)
const [A, B, C, D] = NAMES as [string, string, string, string]
const STOP_PROTOCOL = HOP_PROTOCOL.replace(/hop$/, 'stop')

function streams(peer: string, hops: number, stops: number, status: Stream['status'] = 'open'): RelayedStreams {
  const of = (protocol: string, count: number) => Array.from({ length: count }, () => ({ protocol, status }) as Stream)
  return {
    remotePeer: peerIdFromString(peer),
    remoteAddr: multiaddr('/ip4/9.9.9.9/tcp/1'),
    streams: [...of(HOP_PROTOCOL, hops), ...of(STOP_PROTOCOL, stops)],
  }
}

function mayConnect(
  source: string,
  destination: string,
  connections: readonly RelayedStreams[],
  limits: { readonly circuits: number; readonly circuitsPerPeer: number },
): boolean {
  return new CircuitDoor(limits, () => 0).mayConnect(source, destination, connections)
}

describe('what a relay lets through', () => {
  const address = (host: string) => multiaddr(`/ip4/${host}/tcp/1`)

  it('gives so many places to a host, and renews them', () => {
    const held = new Map([
      [A, address('9.9.9.9')],
      [B, address('9.9.9.9')],
      [C, address('8.8.8.8')],
    ])
    const limits = { reservationsPerHost: 2 }
    expect(mayReserve(D, address('9.9.9.9'), held, limits)).to.equal(false)
    expect(mayReserve(D, address('8.8.8.8'), held, limits)).to.equal(true)
    expect(mayReserve(A, address('9.9.9.9'), held, limits)).to.equal(true)
  })

  it('gives no place to who is not connected, or only over another relay', () => {
    expect(mayReserve(A, undefined, new Map(), { reservationsPerHost: 2 })).to.equal(false)
    const relayed = multiaddr(`/ip4/9.9.9.9/tcp/1/p2p/${B}/p2p-circuit`)
    expect(mayReserve(A, relayed, new Map(), { reservationsPerHost: 2 })).to.equal(false)
  })

  it('carries so many circuits in all; the one that asks counts itself', () => {
    const limits = { circuits: 2, circuitsPerPeer: 9 }
    expect(mayConnect(A, B, [streams(A, 1, 0), streams(C, 1, 0), streams(D, 0, 1)], limits)).to.equal(true)
    expect(mayConnect(A, B, [streams(A, 1, 0), streams(C, 2, 0), streams(D, 0, 2)], limits)).to.equal(false)
    expect(mayConnect(A, B, [streams(A, 1, 0), streams(C, 2, 0, 'closed')], limits)).to.equal(true)
  })

  it('carries so many circuits from and to a peer', () => {
    const limits = { circuits: 99, circuitsPerPeer: 2 }
    expect(mayConnect(A, B, [streams(A, 2, 0), streams(B, 0, 1)], limits)).to.equal(true)
    expect(mayConnect(A, B, [streams(A, 3, 0), streams(B, 0, 0)], limits)).to.equal(false)
    expect(mayConnect(A, B, [streams(A, 1, 2), streams(B, 0, 0)], limits)).to.equal(false)
    expect(mayConnect(A, B, [streams(A, 1, 0), streams(B, 1, 1)], limits)).to.equal(false)
  })

  it('counts a circuit before its stream to the other end is open, until that has had its time', () => {
    let nowMs = 0
    const door = new CircuitDoor({ circuits: 99, circuitsPerPeer: 1 }, () => nowMs)
    expect(door.mayConnect(A, B, [streams(A, 1, 0)])).to.equal(true)
    expect(door.mayConnect(C, B, [streams(A, 1, 0), streams(C, 1, 0)])).to.equal(false)
    expect(door.mayConnect(B, C, [streams(A, 1, 0), streams(B, 1, 0)])).to.equal(false)
    nowMs = 60_000
    expect(door.mayConnect(C, B, [streams(C, 1, 0)])).to.equal(true)
  })
})
