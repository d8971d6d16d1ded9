/** A run started part by part, with the commands that `up --prepare-only` prints: `up` has no other means. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { isNodeEvent, type NodeEvent } from '../../../node/events/types.ts'
import { EventLog } from '../harness/event-log.ts'
import { type Program, runProgram, startProgram } from '../harness/program.ts'

const LAST_ROUND = 3
const PEERS = 8
const STAGES = 2
const PATIENCE_MS = 150_000

describe('the chain and 8 peers, started by hand', () => {
  const data = mkdtempSync(join(tmpdir(), 'swarm-e2e-hand-'))
  const programs: Program[] = []
  const log = new EventLog()

  after(async () => {
    for (const program of programs) program.kill('SIGTERM')
    await Promise.all(programs.map(program => program.ended))
    rmSync(data, { recursive: true, force: true })
  })

  function start(command: readonly string[], index: number): Program {
    const program = startProgram(command, {
      onLine: line => {
        const message: unknown = JSON.parse(line)
        if (typeof message === 'object' && message !== null && isNodeEvent(message))
          log.add(index, message as NodeEvent)
      },
    })
    programs.push(program)
    program.ended.then(({ code, errors }) => log.fail(new Error(`part ${index} ended with ${code}: ${errors}`)))
    return program
  }

  function until<Value>(look: () => Value | undefined | false, what: string): Promise<Value> {
    return log.until(look, what, PATIENCE_MS, () => JSON.stringify(log.last(0, 5)))
  }

  it('reach the last round with one result, in whatever order the peers start', async () => {
    const prepared = await runProgram(['up', '--prepare-only', '--data', data, '--target', '4'])
    expect(prepared.code, prepared.errors).to.equal(0)
    const commands = prepared.output
      .split('\n')
      .filter(line => line.startsWith('swarm-node '))
      .map(line => line.split(' ').slice(1))
    const [chain = [], ...peers] = commands
    expect(chain[0]).to.equal('chain')
    expect(peers).to.have.length(PEERS)

    start(chain, PEERS)
    const { url } = await until(() => log.of('chain.ready')[0], 'the chain')
    const order = shuffled(peers.map((_, index) => index))
    const running = order.map(index => start([...(peers[index] ?? []), '--until', String(LAST_ROUND), '--json'], index))
    const finished = (): number => new Set(log.of('run.finished').map(event => event.peerIndex)).size
    await until(() => finished() === PEERS, `all peers to finish, started in the order ${order.join(', ')}`)

    for (let stage = 0; stage < STAGES; stage++) {
      const states = log
        .of('round.certified')
        .filter(event => event.stage === stage && event.round === LAST_ROUND)
        .map(event => event.state)
      expect(new Set(states), `states of stage ${stage}`).to.have.length(1)
    }
    for (const program of running) program.kill('SIGINT')
    for (const program of running) expect((await program.ended).code).to.equal(0)
    const verified = await runProgram(['verify', '--data', data, '--chain', url])
    expect(verified.code, verified.output + verified.errors).to.equal(0)
  })
})

/** A test must not depend on the order; that is why it is drawn anew each time. */
function shuffled(indices: readonly number[]): number[] {
  return indices
    .map(index => ({ index, key: Math.random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ index }) => index)
}
