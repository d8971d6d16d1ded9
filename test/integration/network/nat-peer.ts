/** A peer as a process of its own, for a network namespace: its settings are JSON, its news are lines of JSON. */
import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { RELAY_LIMITS } from '../../../node/network/nat/constants.ts'
import { SeatTable, startPeer } from './peer.ts'

export interface NatPeerSettings {
  /** Private key, protobuf in hex. */
  readonly key: string
  readonly name: string
  readonly folder: string
  readonly seats: readonly string[]
  readonly bootstrap: readonly string[]
}

/** What is connected, told when it changes. */
export interface NatPeerNews {
  readonly addresses: readonly string[]
  readonly reachability: { readonly state: string; readonly via: string } | null
  readonly connections: readonly { readonly peer: string; readonly relay: string | null }[]
}

const LOOK_MS = 200

const settings: NatPeerSettings = JSON.parse(process.argv[2] ?? '')
const key = privateKeyFromProtobuf(Buffer.from(settings.key, 'hex'))
if (key.type !== 'Ed25519') throw new Error('an Ed25519 key is needed')
const seats = new SeatTable()
for (const seat of settings.seats) seats.add(seat, 0)
const peer = await startPeer({ key, name: settings.name, folder: settings.folder, stage: 0 }, seats, {
  listen: ['/ip4/0.0.0.0/tcp/4001'],
  bootstrap: settings.bootstrap,
  nat: { relay: 'auto', portMapping: true, localDiscovery: true, relayLimits: RELAY_LIMITS },
})
let told = ''
const look = setInterval(() => {
  const news: NatPeerNews = {
    addresses: peer.network.addresses(),
    reachability: peer.network.reachability(),
    connections: peer.network.connections().map(({ peer: name, relay }) => ({ peer: name, relay })),
  }
  const line = JSON.stringify(news)
  if (line !== told) console.log(line)
  told = line
}, LOOK_MS)
// Whoever started it is gone, or wants it to end.
process.stdin.on('end', async () => {
  clearInterval(look)
  await peer.stop()
  process.exit(0)
})
process.stdin.resume()
