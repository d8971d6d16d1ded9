import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { ExitError } from '../../../node/cli/exit.ts'
import type { Settings } from '../../../node/config/options.ts'
import { parseCommand } from '../../../node/config/parse.ts'
import { planLocalRun } from '../../../node/local/prepare.ts'
import { handCommands, joinArguments } from '../../../node/local/programs.ts'
import { manifestPath, type SwarmFolder, swarmFolder } from '../../../node/run/folder.ts'

function settingsOf(...args: string[]): Settings {
  const command = parseCommand(['up', ...args], {})
  if ('help' in command) throw new Error('no help was asked for')
  return command.settings
}

describe('plan of a local run', () => {
  let folder: SwarmFolder
  beforeEach(() => {
    folder = swarmFolder(mkdtempSync(join(tmpdir(), 'swarm-plan-')))
  })
  afterEach(() => rmSync(folder.root, { recursive: true }))

  const refusal = async (...args: string[]): Promise<ExitError | null> =>
    planLocalRun(settingsOf(...args), folder).then(
      () => null,
      (error: ExitError) => error,
    )

  it('makes a key and an account for each peer, and the accounts of the genesis, and the same ones again', async () => {
    const plan = await planLocalRun(settingsOf('--stages', '1', '--replicas', '2'), folder)
    expect(plan.peers).to.have.length(2)
    expect(plan.stages).to.equal(1)
    const accounts = JSON.parse(readFileSync(folder.accounts, 'utf8'))
    expect(Object.keys(accounts)).to.include.members(plan.peers.map(peer => peer.address))
    expect(Object.keys(accounts)).to.have.length(2 + 3)
    const again = await planLocalRun(settingsOf('--stages', '1', '--replicas', '2'), folder)
    expect(again.peers).to.deep.equal(plan.peers)
  })

  it('can be made anew with other choices as long as the run was not begun', async () => {
    await planLocalRun(settingsOf('--stages', '1', '--replicas', '1'), folder)
    const plan = await planLocalRun(settingsOf('--stages', '1', '--replicas', '2'), folder)
    const accounts = JSON.parse(readFileSync(folder.accounts, 'utf8'))
    expect(Object.keys(accounts)).to.include.members(plan.peers.map(peer => peer.address))
  })

  it('is refused before anything is written where it cannot work', async () => {
    expect(await refusal('--replicas', '3', '--f', '1')).to.include({ exit: 'configuration' })
    expect(await refusal('--stages', '5')).to.include({ exit: 'configuration' })
    expect(await refusal('--stake', '99')).to.include({ exit: 'refused' })
    expect(await refusal('--corpus', join(folder.root, 'none.txt'))).to.include({ exit: 'configuration' })
    expect(existsSync(folder.chain)).to.equal(false)
  })

  it('prints commands by hand that start the very same peers', async () => {
    const plan = await planLocalRun(settingsOf('--stages', '1', '--replicas', '2'), folder)
    const options = { corpus: 'moby-dick', threads: 1 }
    const [chain, first, second, ...more] = handCommands(plan, 'ws://127.0.0.1:8545', options)
    expect(more).to.deep.equal([])
    expect(chain).to.match(/^swarm-node chain --data .* --port 8545$/)
    for (const [index, line] of [first, second].entries()) {
      const [program, ...args] = line?.split(' ') ?? []
      expect(program).to.equal('swarm-node')
      const command = parseCommand(args, {})
      if ('help' in command) throw new Error('it starts a peer')
      expect(command.settings).to.include({ data: folder.peer(index), run: manifestPath(folder.root) })
    }
    expect(second).to.include(`--bootstrap /ip4/127.0.0.1/tcp/47001/p2p/${plan.peers[0]?.peer}`)
  })

  it('tells a peer when to end only where there is an end', async () => {
    const { peers } = await planLocalRun(settingsOf('--stages', '1', '--replicas', '1'), folder)
    const [peer] = peers
    if (peer === undefined) throw new Error('there is a peer')
    const base = { folder, peer, chainUrl: 'ws://x', bootstrap: [], port: 0, corpus: 'moby-dick', threads: 1 }
    expect(joinArguments({ ...base, untilRound: 7 }).slice(-2)).to.deep.equal(['--until', '7'])
    expect(joinArguments({ ...base, untilRound: null })).to.not.include('--until')
  })
})
