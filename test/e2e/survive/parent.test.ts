/** The parent of a local swarm only starts and stops programs: what was certified outlives it, and nothing else does. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { isNodeEvent, type NodeEvent } from '../../../node/events/types.ts'
import { allGone, answers } from '../harness/processes.ts'
import { type Program, startProgram } from '../harness/program.ts'

const STAGES = 2
const PEERS = 8

describe('swarm-node up', () => {
  const data = mkdtempSync(join(tmpdir(), 'swarm-e2e-up-'))
  let up: Program
  /** Last round that every replica is known to have certified and stored. */
  let certified = 0
  /** Last round that any replica of every stage has certified: on one disk at least. */
  let newest = 0

  after(async () => {
    up?.kill('SIGTERM')
    await up?.ended
    rmSync(data, { recursive: true, force: true })
  })

  /** Starts it, and resolves when `enough` has been printed, with what it printed until then. */
  function runUntil(args: readonly string[], enough: (lines: readonly string[]) => boolean): Promise<string[]> {
    const lines: string[] = []
    return new Promise((resolve, reject) => {
      up = startProgram(['up', '--data', data, '--target', '4', ...args], {
        onLine: line => {
          lines.push(line)
          if (enough(lines)) resolve(lines)
        },
      })
      up.ended.then(({ code, errors }) => reject(new Error(`up ended with ${code}: ${errors}\n${lines.join('\n')}`)))
    })
  }

  it('takes its peers and its chain with it within 5 s, even when it is killed', async () => {
    const events = eventsOf(await runUntil(['--rounds', '100', '--json'], lines => lastRound(eventsOf(lines)) >= 4))
    // What a replica has certified is on its disk two rounds later at the latest; what it lacks it certifies again.
    newest = lastRound(events)
    certified = newest - 2
    const pids = events.flatMap(event => (event.event === 'peer.ready' ? [event.pid] : []))
    expect(new Set(pids)).to.have.length(PEERS)
    const chain = events.find(event => event.event === 'chain.ready')?.url ?? ''
    expect(await answers(chain)).to.equal(true)
    up.kill('SIGKILL')
    await up.ended
    await allGone(pids, 5_000)
    expect(await answers(chain), 'the chain answers').to.equal(false)
  })

  it('goes on from the last certified round, and Ctrl-C ends it without an error and says how to continue', async () => {
    const lines = await runUntil(['--rounds', '100'], all => roundsIn(all).length >= 2)
    expect(roundsIn(lines)[0]).to.be.greaterThan(certified)
    for (let stage = 0; stage < STAGES; stage++)
      expect(Math.max(...foundOnDisk(data, stage)), `newest round on a disk of stage ${stage}`).to.be.at.least(newest)
    up.kill('SIGINT')
    const { code, output, errors } = await up.ended
    expect(code, errors).to.equal(0)
    expect(output).to.match(/^continue +(swarm-node up|npm start) .*--data/m)
    certified = Number(/^rounds +(\d+) certified/m.exec(output)?.[1])
    expect(certified).to.be.at.least(roundsIn(lines).at(-1) ?? 0)
  })

  it('adds as many rounds as a further start asks for', async () => {
    const lines: string[] = []
    up = startProgram(['up', '--data', data, '--rounds', '2', '--json'], { onLine: line => lines.push(line) })
    const { code, errors } = await up.ended
    expect(code, errors).to.equal(0)
    const events = eventsOf(lines)
    for (let stage = 0; stage < STAGES; stage++) {
      const ownDisk = events.flatMap(event =>
        event.event === 'synced' && event.stage === stage && event.by === 'local' ? [event.round] : [],
      )
      expect(Math.max(...ownDisk), `round that stage ${stage} finds on its own disk`).to.be.at.least(certified)
    }
    const started = events.flatMap(event => (event.event === 'round.started' ? [event.round] : []))
    expect(Math.min(...started)).to.be.oneOf([certified, certified + 1])
    expect(lastRound(events)).to.equal(certified + 2)
    const summary = events.find(event => event.event === 'summary')
    expect(summary?.rounds.certified).to.equal(certified + 2)
  })
})

/** The rounds that the peers of a stage went on from, by their logs. */
function foundOnDisk(data: string, stage: number): number[] {
  return readdirSync(join(data, 'peers')).flatMap(peer => {
    const log = readFileSync(join(data, 'peers', peer, 'logs', 'events.log'), 'utf8')
    return log.split('\n').flatMap(line => {
      const event = line === '' ? null : JSON.parse(line)
      return event?.msg === 'synced' && event.stage === stage && event.by === 'local' ? [Number(event.round)] : []
    })
  })
}

function eventsOf(lines: readonly string[]): NodeEvent[] {
  return lines.flatMap(line => {
    const message: unknown = JSON.parse(line)
    return typeof message === 'object' && message !== null && isNodeEvent(message) ? [message] : []
  })
}

/** The last round that both stages have certified. */
function lastRound(events: readonly NodeEvent[]): number {
  const rounds = Array.from({ length: STAGES }, (_, stage) =>
    events.flatMap(event => (event.event === 'round.certified' && event.stage === stage ? [event.round] : [])),
  )
  return Math.min(...rounds.map(ofStage => Math.max(0, ...ofStage)))
}

/** Rounds that the plain lines tell. */
function roundsIn(lines: readonly string[]): number[] {
  return lines.flatMap(line => {
    const round = /^round +(\d+)/.exec(line)?.[1]
    return round === undefined ? [] : [Number(round)]
  })
}
