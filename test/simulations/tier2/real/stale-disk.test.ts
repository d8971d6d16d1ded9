/** A short run of real processes over proxies, judged by the checkers; and what only this scenario shows. */
import { expect } from 'chai'
import { drawScenario } from '../../../../simulations/scenario/draw.ts'
import { realStaleDisk } from '../../../../simulations/scenarios/real/stale-disk.ts'
import { tier2 } from '../../../../simulations/tier2/index.ts'
import type { SimEvent } from '../../../../simulations/trace/types.ts'

const RESTORED = 0

describe('a real peer whose disk is an older copy, while its stage waits for it', () => {
  it('follows without signing until a certificate was made without it, and nobody can accuse it', async () => {
    const events: SimEvent[] = []
    const stop = new AbortController()
    const { verdict, reached } = await tier2.run(drawScenario(realStaleDisk, 1), {
      onEvent: event => events.push(event),
      signal: stop.signal,
    })
    expect(verdict.verdict, JSON.stringify(verdict)).to.equal('valid')
    expect(reached['journal-suspended']).to.equal(1)
    expect(events.filter(({ type }) => type === 'evidence')).to.deep.equal([])

    const suspended = events.findIndex(event => event.type === 'suspended')
    expect(events[suspended]).to.include({ peer: RESTORED, by: 'unknown-signature' })
    const resumed = events.findIndex(event => event.type === 'resumed')
    expect(resumed).to.be.above(suspended)
    expect(events[resumed]).to.include({ peer: RESTORED })
    const certified = events.slice(resumed).filter(event => event.type === 'certified' && event.stage === 0)
    expect(
      certified.some(event => event.type === 'certified' && event.signers.includes(RESTORED)),
      'it signs again',
    ).to.equal(true)
  })
})
