import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Child } from '../../../node/local/child.ts'
import { childFailure, lastWords } from '../../../node/local/failure.ts'
import { freePorts } from '../../../node/local/ports.ts'
import { StartPhases } from '../../../node/local/start-phases.ts'

describe('last words of a child', () => {
  const end = (errorText: string, code: number | null = 69, signal: NodeJS.Signals | null = null) => ({
    code,
    signal,
    errorText,
  })

  it('are its sentence and its advice, with its exit code, not the noise around them', () => {
    const text = 'a warning of some package\nchain: port 80 is in use\nNext: choose another --port'
    expect(lastWords(end(text))).to.deep.equal({ reason: 'port 80 is in use', next: 'choose another --port' })
    const failure = childFailure('the chain', end(text), 'chain.log', next => next.replace('--port', '--chain-port'))
    expect(failure).to.include({ message: 'the chain ended: port 80 is in use', next: 'choose another --chain-port' })
    expect(failure.exit).to.equal('unavailable')
  })

  it('are the sentence above a stack trace', () => {
    const text = 'internal error: Error: no\n    at f (a.ts:1:2)\n    at g (b.ts:1:2)\n\nNode.js v24.0.0'
    expect(lastWords(end(text, 70)).reason).to.equal('internal error: Error: no')
    expect(childFailure('peer', end(text, 70), 'peer.log')).to.include({ exit: 'internal', next: 'less peer.log' })
  })

  it('are how it ended where it said nothing', () => {
    expect(lastWords(end('', null, 'SIGKILL')).reason).to.equal('killed by SIGKILL')
    expect(childFailure('peer', end('', 3), 'peer.log').message).to.equal('peer ended: code 3')
  })
})

describe('start of a swarm', () => {
  it('ends a step when the slowest peer is done with it, once', () => {
    const phases = new StartPhases({ peers: 3, stages: 2 })
    expect(phases.ended({ phase: 'seats', ms: 900 }, 1)).to.equal(null)
    expect(phases.ended({ phase: 'seats', ms: 1500 }, 2)).to.equal(null)
    expect(phases.ended({ phase: 'dial', ms: 100 }, 3)).to.equal(null)
    expect(phases.ended({ phase: 'seats', ms: 1200 }, 4)).to.deep.equal({ phase: 'seats', ms: 1500 })
    expect(phases.ended({ phase: 'seats', ms: 9000 }, 5)).to.equal(null)
  })

  it('ends with the first round that every stage certified, counted from the first peer that was ready', () => {
    const phases = new StartPhases({ peers: 3, stages: 2 })
    phases.ended({ phase: 'sync', ms: 1 }, 1_000)
    phases.ended({ phase: 'sync', ms: 1 }, 2_000)
    expect(phases.certified(1, 3_000)).to.equal(null)
    expect(phases.certified(1, 3_500)).to.equal(null)
    expect(phases.certified(0, 4_000)).to.deep.equal({ phase: 'round', ms: 3_000 })
    expect(phases.certified(0, 5_000)).to.equal(null)
  })
})

describe('free ports', () => {
  it('are different, on the loopback interface, and free when they are handed out', async () => {
    const ports = await freePorts(8)
    expect(new Set(ports).size).to.equal(8)
    // None that an outgoing connection may be given meanwhile.
    for (const port of ports) expect(port).to.be.within(10_000, 32_767)
    const servers = ports.map(port => createServer().listen(port, '127.0.0.1'))
    await Promise.all(servers.map(server => once(server, 'listening')))
    for (const server of servers) server.close()
  })
})

describe('child program', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'swarm-child-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  function start(code: string): { child: Child; messages: unknown[]; said: Promise<void>; log: () => string } {
    const program = join(folder, 'program.mjs')
    const logFile = join(folder, 'child.log')
    writeFileSync(program, code)
    const messages: unknown[] = []
    const first = Promise.withResolvers<void>()
    const onMessage = (message: unknown): void => {
      messages.push(message)
      first.resolve()
    }
    const child = new Child({ program, args: [], logFile, onMessage })
    return { child, messages, said: first.promise, log: () => readFileSync(logFile, 'utf8') }
  }

  it('hands over the objects that it prints; everything else goes to its log', async () => {
    const { child, messages, log } = start(`
      console.log('{"event":"a"}'); console.log('hello'); console.log('{broken'); console.log('7')
      console.error('a warning')
      console.log('{"event":"' + 'x'.repeat(1 << 20) + '"}')
    `)
    expect(await child.ended).to.deep.equal({ code: 0, signal: null, errorText: 'a warning' })
    expect(messages).to.deep.equal([{ event: 'a' }])
    expect(log()).to.match(/hello\n/)
    expect(log()).to.match(/not JSON: \{broken\n/)
    expect(log().length).to.be.below(1_000)
  })

  it('keeps a bounded end of what it said on standard error', async () => {
    const { child } = start(`for (let i = 0; i < 50; i++) console.error('line ' + i)`)
    const { errorText } = await child.ended
    expect(errorText.split('\n')).to.deep.equal(Array.from({ length: 20 }, (_, index) => `line ${index + 30}`))
  })

  it('is asked to end, and made to where it does not', async () => {
    const polite = start(`process.on('SIGTERM', () => process.exit(0)); console.log('{}'); setInterval(() => {}, 1000)`)
    await polite.said
    expect(await polite.child.stop(10_000)).to.include({ code: 0, signal: null })
    const stubborn = start(`process.on('SIGTERM', () => {}); console.log('{}'); setInterval(() => {}, 1000)`)
    await stubborn.said
    expect(await stubborn.child.stop(50)).to.include({ code: null, signal: 'SIGKILL' })
    expect(await stubborn.child.stop(50)).to.include({ signal: 'SIGKILL' })
  })
})
