import { expect } from 'chai'
import { RoundDriver, type RoundPorts } from '../../../node/peer/round-driver.ts'
import type { Payload } from '../../../protocols/wire/messages.ts'
import { makeContext, peerNames, Signer } from '../../consensus/round/fixtures.ts'
import { VirtualClock } from '../../protocols/discovery/virtual-clock.ts'
import { hashOf } from '../../protocols/wire/samples.ts'

/** A stage of one, which decides by its own votes: all that a round signs, it signs here. */
class Bench {
  readonly signed: Payload['kind'][] = []
  readonly clock = new VirtualClock()
  mayVote = false
  certified = 0
  readonly driver: RoundDriver

  constructor() {
    const signer = new Signer()
    const peers = peerNames(1)
    const unused = (): never => {
      throw new Error('a skipped round asks for nothing else')
    }
    const ports: RoundPorts = {
      sign: async payloads => {
        this.signed.push(...payloads.map(payload => payload.kind))
        return payloads.map(payload => signer.sign(peers[0]!, payload))
      },
      persist: async () => undefined,
      broadcast: () => undefined,
      scatter: unused,
      aggregate: unused,
      gather: unused,
      execute: async () => ({ accepted: false, fullRoot: null }),
      fetchCommits: unused,
      blockHash: unused,
      answer: () => undefined,
    }
    this.driver = new RoundDriver({
      context: makeContext(peers[0]!, peers, 1),
      restored: null,
      ports,
      clock: this.clock,
      mayVote: () => this.mayVote,
      reports: {
        certified: () => void this.certified++,
        evidence: unused,
        refused: unused,
        outside: unused,
        status: () => undefined,
        warning: unused,
      },
    })
    this.driver.input({ type: 'finalized', height: 11, hash: hashOf('block 11') })
    this.driver.input({ type: 'own-idle' })
  }
}

describe('votes and the lease', () => {
  it('are cast at once while it lasts', async () => {
    const bench = new Bench()
    bench.mayVote = true
    await bench.clock.advance(10_000)
    expect(bench.certified).to.equal(1)
    bench.driver.dispose(new Error('the test is over'))
  })

  it('wait without it, while what is no vote is signed; renewed, the round goes on where it stood', async () => {
    const bench = new Bench()
    await bench.clock.advance(600_000)
    expect(bench.signed).to.deep.equal(['idle'])
    expect(bench.certified).to.equal(0)
    bench.mayVote = true
    bench.driver.voteAgain()
    await bench.clock.advance(10_000)
    expect(bench.signed.slice(0, 2)).to.deep.equal(['idle', 'propose'])
    expect(bench.signed.at(-1)).to.equal('outcome')
    expect(bench.certified).to.equal(1)
    bench.driver.dispose(new Error('the test is over'))
  })
})
