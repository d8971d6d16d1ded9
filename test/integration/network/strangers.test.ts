import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type Identity, identity, type Peer, SeatTable, startPeer, until } from './peer.ts'

const FLOOD = fileURLToPath(new URL('./flood.ts', import.meta.url))
const CONNECTIONS = 4
const MEASURED_MS = 4_000
/** The share of strangers, what is read before it is known how long that takes, and a machine that others use. */
const BUSY_MAX = 0.6

describe('a peer that strangers flood', function () {
  this.timeout(60_000)
  let seats: SeatTable
  let peers: Peer[]
  let identities: Identity[]
  let attacker: ChildProcess | null

  beforeEach(async () => {
    seats = new SeatTable()
    attacker = null
    identities = [await identity(seats, 0), await identity(seats, 0)]
    const isSeat = { hasPlace: (peer: string) => seats.hasSeat(peer, 0) }
    const first = await startPeer(identities[0]!, seats, isSeat)
    const bootstrap = [`${first.network.addresses()[0]}/p2p/${first.name}`]
    peers = [first, await startPeer(identities[1]!, seats, { ...isSeat, bootstrap })]
    await until('the seats are connected', () => first.network.connections().length > 0)
  })
  afterEach(async () => {
    attacker?.kill('SIGKILL')
    await Promise.all(peers.map(peer => peer.stop()))
    await Promise.all(identities.map(({ folder }) => rm(folder, { recursive: true, force: true })))
  })

  for (const flood of ['pings', 'streams that are reset']) {
    it(`has most of its time for others meanwhile, and loses no seat: ${flood}`, async () => {
      const [victim, seat] = peers as [Peer, Peer]
      const address = `${victim.network.addresses()[0]}/p2p/${victim.name}`
      attacker = spawn(process.execPath, [FLOOD, address, flood, String(CONNECTIONS)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await once(attacker.stdout!, 'data')
      const before = performance.eventLoopUtilization()
      await new Promise(resolve => setTimeout(resolve, MEASURED_MS))
      expect(performance.eventLoopUtilization(before).utilization).to.be.below(BUSY_MAX)
      expect(victim.network.connections().some(({ peer }) => peer === seat.name)).to.equal(true)
      expect(attacker.exitCode).to.equal(null)
    })
  }
})
