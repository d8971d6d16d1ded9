import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { expect } from 'chai'
import { type Machine, SmallInternet, whyNot } from './namespaces.ts'
import type { NatPeerNews, NatPeerSettings } from './nat-peer.ts'
import { type Identity, identity, SeatTable, until } from './peer.ts'

const PROGRAM = fileURLToPath(new URL('./nat-peer.ts', import.meta.url))

/** A peer in a namespace, and the newest that it told. */
class NamespacePeer {
  readonly name: string
  readonly machine: Machine
  news: NatPeerNews = { addresses: [], reachability: null, connections: [] }
  /** Relays that ever lay between this peer and another, by the other's name. */
  readonly relaysSeen = new Map<string, Set<string>>()
  readonly #child: ChildProcess
  errors = ''

  constructor(machine: Machine, settings: NatPeerSettings) {
    this.machine = machine
    this.name = settings.name
    const args = ['netns', 'exec', machine.namespace, process.execPath, PROGRAM, JSON.stringify(settings)]
    this.#child = spawn('ip', args, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stderr?.on('data', text => {
      this.errors += text
    })
    createInterface({ input: this.#child.stdout! }).on('line', line => {
      this.news = JSON.parse(line)
      for (const { peer, relay } of this.news.connections) {
        if (relay === null) continue
        this.relaysSeen.set(peer, (this.relaysSeen.get(peer) ?? new Set()).add(relay))
      }
    })
  }

  /** Null where they are not connected; else the relays between, null for a direct connection. */
  pathsTo(other: NamespacePeer): readonly (string | null)[] {
    return this.news.connections.filter(({ peer }) => peer === other.name).map(({ relay }) => relay)
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'close')
    this.#child.stdin?.end()
    await ended
  }
}

describe('peers behind routers that translate addresses', function () {
  this.timeout(120_000)
  const seats = new SeatTable()
  const peers: NamespacePeer[] = []
  const identities: Identity[] = []
  let internet: SmallInternet | null = null

  before(async function () {
    const reason = whyNot()
    if (reason !== null) {
      console.log(`    skipped: ${reason}`)
      return this.skip()
    }
    for (let index = 0; index < 6; index++) identities.push(await identity(seats, 0))
    internet = new SmallInternet()
  })
  after(async () => {
    await Promise.all(peers.map(peer => peer.stop()))
    internet?.close()
    await Promise.all(identities.map(({ folder }) => rm(folder, { recursive: true, force: true })))
  })

  const start = (machine: Machine, { key, name, folder }: Identity, bootstrap: readonly string[]): NamespacePeer => {
    const settings = { key: Buffer.from(privateKeyToProtobuf(key)).toString('hex'), name, folder, bootstrap }
    const peer = new NamespacePeer(machine, { ...settings, seats: seats.seats(0) })
    peers.push(peer)
    return peer
  }

  it('join, are reached over a public peer, and connect directly where one of two can be dialled', async () => {
    const [first, second, third, fourth] = identities
    const relay = start(internet!.publicMachine(), first!, [])
    const bootstrap = [`/ip4/${relay.machine.address}/tcp/4001/p2p/${relay.name}`]
    const open = start(internet!.publicMachine(), second!, bootstrap)
    const home = start(internet!.homeMachine(), third!, bootstrap)
    const otherHome = start(internet!.homeMachine(), fourth!, bootstrap)
    try {
      const state = (peer: NamespacePeer) => peer.news.reachability?.state
      await until(
        'public peers know that they are',
        () => state(relay) === 'public' && state(open) === 'public',
        40_000,
      )
      expect([relay.news.reachability?.via, open.news.reachability?.via]).to.satisfy((vias: string[]) =>
        vias.every(via => via === 'inbound' || via.startsWith('/ip4/44.7.')),
      )
      await until('homes are relayed', () => state(home) === 'relayed' && state(otherHome) === 'relayed', 60_000)
      await until('the homes talk over a relay', () => home.pathsTo(otherHome).some(path => path !== null), 60_000)
      await until(
        'home and public peer talk directly',
        () => open.pathsTo(home).length > 0 && open.pathsTo(home).every(path => path === null),
        60_000,
      )
      const relays = new Set([relay.name, open.name])
      expect([...(home.relaysSeen.get(otherHome.name) ?? [])].every(name => relays.has(name))).to.equal(true)
      expect(home.news.addresses.some(address => address.endsWith('/p2p-circuit'))).to.equal(true)
    } catch (error) {
      console.log(
        peers.map(peer => JSON.stringify({ name: peer.name, ...peer.news, errors: peer.errors }, null, 1)).join('\n'),
      )
      throw error
    }
  })
  it('find each other in their own network without any address to start from, and count as reached', async () => {
    const [left, right] = internet!.neighbours()
    const one = start(left, identities[4]!, [])
    const other = start(right, identities[5]!, [])
    await until('connected', () => one.pathsTo(other).length > 0 && other.pathsTo(one).length > 0, 60_000)
    const isReached = (peer: NamespacePeer) => peer.news.reachability?.state === 'public'
    await until('told', () => isReached(one) || isReached(other), 30_000)
  })
})
