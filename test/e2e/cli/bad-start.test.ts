import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { manifestPath, writeRun } from '../../../node/run/folder.ts'
import { Swarm } from '../harness/index.ts'
import { expectRefusal } from './refusal.ts'

/** What can be told only once the chain answers: one chain with bonded peers for all. */
describe('a peer that the chain or its folder does not let in', () => {
  let swarm: Swarm
  let folder: string
  before(async () => {
    swarm = await Swarm.create({ stages: 1 })
  })
  after(() => swarm.stopAll())
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'swarm-cli-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  /** A peer of the swarm, started by hand. */
  function joinAs(
    index: number,
    manifest = manifestPath(swarm.folder.root),
    listen = '/ip4/127.0.0.1/tcp/0',
  ): string[] {
    const data = swarm.folder.peer(index)
    return ['join', '--data', data, '--run', manifest, '--chain', swarm.chainUrl, '--listen', listen]
  }

  it('ends with 69 where the manifest is of a run on another chain', async () => {
    writeRun(folder, { ...swarm.run.manifest, chain: { ...swarm.run.manifest.chain, genesis: new Uint8Array(32) } })
    const data = join(folder, 'peer')
    await expectRefusal(['join', '--data', data, '--run', manifestPath(folder), '--chain', swarm.chainUrl], {
      exit: 'unavailable',
      says: /is not the one that the run was started on/,
      next: /join --chain/,
    })
  })

  it('ends with 77 where it has no bond', async () => {
    const data = join(folder, 'peer')
    const manifest = manifestPath(swarm.folder.root)
    await expectRefusal(['join', '--data', data, '--run', manifest, '--chain', swarm.chainUrl], {
      exit: 'refused',
      says: /peer 12D3KooW\w+ has no seat .* no bond of at least 100/,
      next: /swarm-node bond --run/,
    })
  })

  it('ends with 77 where the stakes are below the floor', async () => {
    const { manifest } = swarm.run
    const high = { ...manifest, stake: { ...manifest.stake, floor: 5_000 } }
    writeRun(folder, high)
    const data = join(folder, 'peer')
    await expectRefusal(['join', '--data', data, '--run', manifestPath(folder), '--chain', swarm.chainUrl], {
      exit: 'refused',
      says: /needs 4 bonds of at least 5000 at block \d+, the chain has 0/,
      next: /swarm-node bond/,
    })
  })

  it('ends with 69 where its port is in use', async () => {
    const busy = createServer(socket => socket.destroy()).listen(0, '127.0.0.1')
    await once(busy, 'listening')
    const listen = `/ip4/127.0.0.1/tcp/${(busy.address() as AddressInfo).port}`
    await expectRefusal(joinAs(0, undefined, listen), {
      exit: 'unavailable',
      says: /\/tcp\/\d+ is in use by another program/,
      next: /--listen/,
    })
    busy.close()
  })

  it('ends with 73 where its journal is damaged', async () => {
    const journal = join(swarm.folder.peer(1), 'journal')
    mkdirSync(journal, { recursive: true })
    writeFileSync(join(journal, 'signatures'), Buffer.alloc(4096, 7))
    await expectRefusal(joinAs(1), { exit: 'data', says: /signatures is damaged at byte 0/, next: /identity\.key/ })
  })

  it('ends with 73 where its certificates are damaged', async () => {
    const rounds = join(swarm.folder.peer(2), 'rounds')
    mkdirSync(rounds, { recursive: true })
    writeFileSync(join(rounds, 'certificates-0'), Buffer.alloc(4096, 7))
    await expectRefusal(joinAs(2), { exit: 'data', says: /certificates-0 is damaged/, next: /identity\.key/ })
  })

  it('leaves its log with what happened', () => {
    const log = readFileSync(join(swarm.folder.peer(0), 'logs', 'events.log'), 'utf8')
    for (const line of log.split('\n').filter(text => text !== '')) JSON.parse(line)
  })
})
