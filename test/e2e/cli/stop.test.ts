import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { manifestPath } from '../../../node/run/folder.ts'
import { type Ended, type Program, Swarm, startProgram } from '../harness/index.ts'

/** Programs that still name the folder; `ps` is everywhere but on Windows. */
function leftOf(folder: string): string[] {
  if (process.platform === 'win32') return []
  const all = execFileSync('ps', ['-A', '-ww', '-o', 'args='], { encoding: 'utf8' }).split('\n')
  return all.filter(line => line.includes(folder) && line.includes('swarm-node'))
}

/** Starts the program and does something once a line like this is printed. */
async function runUntil(args: readonly string[], line: RegExp, act: (program: Program) => void): Promise<Ended> {
  const found = Promise.withResolvers<void>()
  const program = startProgram(args, {
    onLine: text => {
      if (line.test(text)) found.resolve()
    },
  })
  await Promise.race([found.promise, program.ended])
  act(program)
  return await program.ended
}

const PAUSED = /\npaused +the same command goes on from here\n$/
const STOPPED_OR_PAUSED = /\n(stopped|paused) +the same command goes on from here\n$/

const interrupt = (program: Program): void => program.kill('SIGINT')

describe('Ctrl-C', () => {
  /** The smallest swarm that dials, pipelines and agrees: two stages of one replica. */
  const SMALL = ['--stages', '2', '--replicas', '1', '--target', '2']
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'swarm-stop-'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  const up = (): string[] => ['up', '--data', folder, '--rounds', '40', ...SMALL]

  // One folder for all of them, in this order: each start goes on with what the one before left behind.
  for (const [moment, line] of [
    ['while the chain starts', /^start {4}the embedded chain starts/],
    ['while the bonds are posted', /^start {4}chain took/],
    ['while the peers start', /^start {4}bond took/],
    ['while the peers dial', /^peer .* is ready/],
  ] as const) {
    it(`${moment}: ends with 0, leaves nothing behind and says how to go on`, async () => {
      const { code, output, errors } = await runUntil(up(), line, interrupt)
      expect(errors).to.equal('')
      expect(code).to.equal(0)
      expect(output).to.match(new RegExp(line.source, 'm'))
      expect(output).to.match(/\nstopped .*before .*\ncontinue {2}swarm-node up --data \S+ --rounds 40\n$/)
      expect(leftOf(folder)).to.deep.equal([])
    })
  }

  it('while it trains, pressed once but passed on twice: ends with 0 and the whole summary', async () => {
    const twice = (program: Program): void => {
      interrupt(program)
      interrupt(program)
    }
    const { code, output, errors } = await runUntil(up(), /^round +3 /, twice)
    expect(errors).to.equal('')
    expect(code).to.equal(0)
    expect(output).to.match(/\nrounds +([3-9]|\d\d) certified, \d+ final on the chain\n/)
    expect(output).to.match(/\ncontinue {2}swarm-node up --data /)
    expect(output).to.include('\nCall me Ishmael. ')
    expect(leftOf(folder)).to.deep.equal([])
  })

  it('hurts nothing: the next start goes on from there to its end', async () => {
    const rounds: number[] = []
    const args = ['up', '--data', folder, '--rounds', '2', '--json']
    const program = startProgram(args, {
      onLine: text => {
        const event = JSON.parse(text)
        expect(event).to.include.keys('event', 'timeMs')
        if (event.event === 'round.certified') rounds.push(event.round)
      },
    })
    const { code, output } = await program.ended
    expect(code).to.equal(0)
    expect(Math.min(...rounds)).to.be.at.least(3)
    const summary = JSON.parse(output.trimEnd().split('\n').at(-1) ?? '')
    expect(summary).to.include({ event: 'summary' })
    expect(summary.rounds.certified).to.equal(Math.max(...rounds))
    expect(summary.rounds.final).to.equal(summary.rounds.certified)
    expect(summary.tokens).to.be.greaterThan(0)
    expect(summary.tokensPerSecond).to.be.closeTo(summary.tokens / summary.seconds, 1e-6 * summary.tokensPerSecond)
    expect(leftOf(folder)).to.deep.equal([])
  })

  it('stops a peer that was started by hand at any time', async () => {
    const swarm = await Swarm.create({ stages: 1, replicas: 1 })
    try {
      const data = swarm.folder.peer(0)
      const manifest = manifestPath(swarm.folder.root)
      const listen = '/ip4/127.0.0.1/tcp/0'
      const args = ['join', '--data', data, '--run', manifest, '--chain', swarm.chainUrl, '--listen', listen]
      for (const line of [/^start {4}the peer opens its folder/, /^peer .* is ready/, /^round +3 /]) {
        const { code, output, errors } = await runUntil(args, line, interrupt)
        expect(errors).to.equal('')
        expect(code).to.equal(0)
        // It pauses where it takes part already.
        expect(output).to.match(line.source.includes('round') ? PAUSED : STOPPED_OR_PAUSED)
        expect(leftOf(data)).to.deep.equal([])
      }
    } finally {
      await swarm.stopAll()
    }
  })
})
