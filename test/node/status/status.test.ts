import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, watch, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { EventBus } from '../../../node/events/bus.ts'
import type { NodeEvent } from '../../../node/events/types.ts'
import { wallClockMs } from '../../../node/events/wall-clock.ts'
import { lockDataFolder } from '../../../node/identity/index.ts'
import { applyEvent, firstStatus } from '../../../node/status/apply.ts'
import { judgeLife, readFolderStatus, STALE_MS } from '../../../node/status/read.ts'
import { statusLines } from '../../../node/status/text.ts'
import type { PeerStatus } from '../../../node/status/types.ts'
import { STATUS_FILE, StatusWriter } from '../../../node/status/writer.ts'
import { certified, event, PEER } from '../cli/events.ts'

const RUN = 'bafyreigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi'
const READY = event('peer.ready', 0, { peer: PEER, stage: 3, pid: process.pid, addresses: ['/ip4/9.9.9.9/tcp/1'] })
const WAITING = event('waiting', 0, { stage: 3, for: 'stage 3 needs 2 more replicas' })

describe('status of a peer', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'swarm-status-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('is what its events say', () => {
    const events = [
      READY,
      certified(3, 7, 0),
      event('reachability', 0, { state: 'relayed', via: PEER }),
      event('suspended', 0, { stage: 3, reason: 'its journal is torn' }),
      event('round.anchored', 0, { stage: 3, from: 1, to: 6, block: 9, link: '' }),
      WAITING,
    ]
    const status = events.reduce(applyEvent, firstStatus(RUN, 1, 0))
    expect(status).to.include({ peer: PEER, stage: 3, round: 7, anchored: 6, suspended: 'its journal is torn' })
    expect(status.waiting).to.equal('stage 3 needs 2 more replicas')
    const after = [event('resumed', 0, { stage: 3, round: 9 }), certified(3, 9, 0)].reduce(applyEvent, status)
    expect(after).to.include({ suspended: '', waiting: '', round: 9 })
    expect(applyEvent(after, certified(3, 8, 0))).to.equal(after)
  })

  it('takes back what was anchored of rounds that its re-formed stage has left', () => {
    const anchored = (to: number) => event('round.anchored', 0, { stage: 3, from: 1, to, block: 9, link: '' })
    const back = (stage: number) =>
      event('stage.recovered', 0, { stage, base: 10, by: 'claims', resume: 14, seats: [PEER] })
    const left = (...events: readonly NodeEvent[]) =>
      [READY, ...events].reduce(applyEvent, firstStatus(RUN, 1, 0)).anchored
    expect(left(anchored(12), back(3))).to.equal(10)
    expect(left(anchored(12), back(2)), 'another stage').to.equal(12)
    expect(left(anchored(8), back(3))).to.equal(8)
    expect(left(back(3))).to.equal(null)
    expect(left(anchored(12), back(3), anchored(14))).to.equal(14)
  })

  it('says that another machine signs with its key, what to do, and how often that was found', () => {
    const found = event('suspended', 0, { stage: 3, reason: 'second-machine' })
    const back = event('resumed', 0, { stage: 3, round: 9 })
    const lines = (...events: readonly NodeEvent[]): string =>
      statusLines({
        ...({ folder, life: 'running', ageMs: 0, diskBytes: 0 } as const),
        status: [READY, ...events].reduce(applyEvent, firstStatus(RUN, 1, 0)),
      }).join('\n')
    expect(lines(found)).to.match(/follows without signing: another machine .* swarm-node pause/)
    expect(lines(found)).to.include('found to sign with this key once')
    expect(lines(found, back)).to.include('this key once').and.not.include('follows')
    expect(lines(found, back, found)).to.include('this key 2 times')
    const restored = event('suspended', 0, { stage: 3, reason: 'missing' })
    expect(lines(restored)).to.include('follows').and.not.include('this key')
  })

  it('says where it stands and what stages lack', () => {
    const waits = 'no stage is short of seats; epoch 3 begins in 12 blocks'
    const spare = event('place', 0, { peer: PEER, role: 'spare', stage: null, epoch: 2, for: waits })
    const short = event('shortage', 0, { epoch: 3, lacking: [0, 2] })
    const told = [spare, short].reduce(applyEvent, firstStatus(RUN, 1, 0))
    expect(told).to.include({ peer: PEER, stage: -1 })
    const folderStatus = { folder, life: 'running', status: told, ageMs: 0, diskBytes: 0 } as const
    const lines = statusLines(folderStatus)
    expect(lines[0]).to.match(/^peer \w{6} runs/)
    expect(lines).to.include(`  spare: ${waits}`)
    expect(lines).to.include('  stage 1 needs 2 more replicas')
    const seat = event('place', 0, { peer: PEER, role: 'seat', stage: 1, epoch: 4, for: '' })
    const seated = [seat, event('shortage', 0, { epoch: 4, lacking: [0, 0] })].reduce(applyEvent, told)
    expect(seated.lacking).to.deep.equal([])
    expect(statusLines({ ...folderStatus, status: seated })[1]).to.equal('  it has a seat in stage 1')
  })

  it('tells how far a snapshot is, until it is there', () => {
    const progress = event('sync.progress', 0, { stage: 3, bytes: 45e6, of: 120e6, sources: 2 })
    const status = [READY, progress].reduce(applyEvent, firstStatus(RUN, 1, 0))
    const shown = (one: PeerStatus): string =>
      statusLines({ folder: '/f', life: 'running', status: one, ageMs: 0, diskBytes: 0 }).join('\n')
    expect(shown(status)).to.include('45 of 120 MB of the state are here from 2 siblings')
    for (const end of [
      event('synced', 0, { stage: 3, round: 16, by: 'snapshot' }),
      event('round.started', 0, { stage: 3, round: 9, epoch: 0 }),
    ])
      expect(shown(applyEvent(status, end))).to.not.include('of the state')
  })

  it('tells that it pauses, and until when its seat is kept', () => {
    const pausing = [READY, event('pausing', 0, { peer: PEER, stage: 3, round: 9 })].reduce(
      applyEvent,
      firstStatus(RUN, 1, 0),
    )
    const shown = (life: 'running' | 'stopped', one: PeerStatus): string =>
      statusLines({ folder: '/f', life, status: one, ageMs: 0, diskBytes: 0 }).join('\n')
    expect(shown('running', pausing)).to.include('about to pause: its round is brought to an end')
    const endedWith = (untilHeight: number | null): PeerStatus => ({
      ...applyEvent(pausing, event('paused', 0, { peer: PEER, stage: 3, round: 9, untilHeight })),
      stopped: 'it pauses',
    })
    expect(shown('stopped', endedWith(192))).to.include('paused until block 192: until then its absence does not count')
    expect(shown('stopped', endedWith(null))).to.include('its stage has not decided that: it counts as absent')
  })

  const status = firstStatus(RUN, 5, 0)
  const lives: readonly [PeerStatus | null, holder: number | null, ageMs: number, life: string][] = [
    [status, 5, STALE_MS, 'running'],
    [status, 5, STALE_MS + 1, 'silent'],
    [status, 6, 0, 'silent'],
    [null, 5, 0, 'silent'],
    [status, null, 0, 'died'],
    [{ ...status, stopped: 'it was stopped' }, null, 0, 'stopped'],
    [null, null, 0, 'never'],
  ]
  for (const [one, holder, ageMs, life] of lives) {
    it(`is ${life} with ${one === null ? 'no file' : `stopped ${one.stopped}`}, holder ${holder}, age ${ageMs} ms`, () =>
      expect(judgeLife(one, holder, ageMs)).to.equal(life))
  }

  it('is kept in the folder while the peer runs, and says how it ended', async () => {
    const bus = new EventBus(wallClockMs)
    const lock = await lockDataFolder(folder)
    const failures: Error[] = []
    const changes = watch(folder)
    const connections = () => ({ direct: 4, relayed: 2 })
    const writer = new StatusWriter({ folder, run: RUN, bus, connections, onFailed: error => failures.push(error) })
    bus.forward(READY)
    bus.forward(WAITING)
    for await (const { filename } of changes) if (filename === STATUS_FILE) break
    const running = await readFolderStatus(folder, wallClockMs())
    expect(running.life).to.equal('running')
    const text = statusLines(running).join('\n')
    expect(text).to.match(/^peer abcdef of stage 3 runs \(pid \d+\)$/m)
    expect(text).to.include('waiting: stage 3 needs 2 more replicas')
    expect(text).to.include('connected with 6 peers, 2 of them over a relay')
    expect(text).to.match(/disk [\d.]+ MB in /)
    await writer.stop('it was stopped')
    await lock.release()
    const stopped = await readFolderStatus(folder, wallClockMs() + 60_000)
    expect(stopped.life).to.equal('stopped')
    expect(statusLines(stopped)[0]).to.equal('peer abcdef of stage 3 is not running: it was stopped, 1 min 00 s ago')
    expect(failures).to.deep.equal([])
  })

  it('says that a folder’s peer died, that none ever ran, and takes no foreign file', async () => {
    expect(statusLines(await readFolderStatus(folder, 0))[0]).to.equal('no peer has run in this folder')
    await writeFile(join(folder, STATUS_FILE), JSON.stringify({ ...status, peer: PEER, stage: 0, updatedMs: 0 }))
    const died = await readFolderStatus(folder, 5000)
    expect(statusLines(died)[0]).to.match(/it ended without a word, at most 5 s ago$/)
    for (const content of ['{', '[]', '{"version":1}', '{"version":3}', 'x'.repeat(70_000)]) {
      await writeFile(join(folder, STATUS_FILE), content)
      expect((await readFolderStatus(folder, 0)).status).to.equal(null)
    }
  })

  it('is told once where it cannot be written, and the peer goes on', async () => {
    const failures: Error[] = []
    const bus = new EventBus(wallClockMs)
    const connections = () => ({ direct: 0, relayed: 0 })
    const gone = join(folder, 'gone')
    const writer = new StatusWriter({
      folder: gone,
      run: RUN,
      bus,
      connections,
      onFailed: error => failures.push(error),
    })
    await writer.stop('it was stopped')
    await writer.stop('it was stopped')
    expect(failures).to.have.length(1)
  })
})

describe('swarm-node status', () => {
  const program = new URL('../../../node/cli/main.ts', import.meta.url).pathname

  const run = async (...args: string[]) => {
    const child = spawn(process.execPath, [program, 'status', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', text => {
        output += text
      })
    const [code] = await once(child, 'close')
    return { code, output }
  }

  it('ends with 0 where every peer runs, 69 where one does not, 73 where there is no folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'swarm-status-'))
    try {
      const lock = await lockDataFolder(folder)
      const fresh = { ...firstStatus(RUN, process.pid, wallClockMs()), peer: PEER, stage: 0 }
      await writeFile(join(folder, STATUS_FILE), JSON.stringify(fresh))
      expect((await run('--data', folder)).code).to.equal(0)
      await lock.release()
      const { code, output } = await run('--data', folder, '--json')
      expect(code).to.equal(69)
      expect(JSON.parse(output)).to.deep.include({ event: 'status', life: 'died', folder })
      expect(JSON.parse(await readFile(join(folder, STATUS_FILE), 'utf8'))).to.deep.equal(fresh)
      expect((await run('--data', join(folder, 'none'))).code).to.equal(73)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
