/** The shipped composition with the real network stack, in virtual time. Longer sweeps are in `npm run verify-all`. */
import { expect } from 'chai'
import { of, type Seen, simulate } from './support.ts'

const PATIENCE_MS = 240_000

describe('simulations/tier1: eight peers at public addresses', function () {
  this.timeout(PATIENCE_MS)
  let calm: Seen

  before(async () => {
    calm = await simulate()
  })

  // Found by this tier: a public address was not announced without AutoNAT, so only bootstrap peers were ever dialled.
  it('find each other through two of them, train, and agree on every round', () => {
    expect(calm.result.verdict.verdict, calm.result.verdict.sentence).to.equal('valid')
    expect(calm.result.statistics).to.include({ roundsDecided: 3, peers: 8 })
    expect(of(calm.events, 'certified').length).to.equal(24)
  })

  it('take rounds of five seconds and more, in much less', () => {
    const { virtualMs } = calm.result.statistics
    expect(virtualMs / 3).to.be.at.least(5_000)
  })

  it('learn', () => {
    const losses = of(calm.events, 'loss').filter(({ peer }) => peer === 1)
    expect(losses.at(-1)?.train).to.be.below(losses[0]?.train ?? 0)
  })

  // A held partition that a loss of power had emptied was taken for held, which ended the peer.
  it('start again after a loss of power before a decision, whatever it left of the partitions that they hold', async () => {
    const committed = of(calm.events, 'signed').find(({ peer, kind }) => peer === 0 && kind === 'commit')
    const atMs = committed!.atMs + 300
    const faults = [0, 2].map(peer => ({ kind: 'restart-torn', atMs, durationMs: 1_500, peers: [peer] }))
    const { result, events } = await simulate({ faults, healAtMs: 30_000 })
    expect(result.verdict.verdict, result.verdict.sentence).to.equal('valid')
    expect(of(events, 'down').map(({ peer }) => peer)).to.deep.equal([0, 2])
  })

  it('leave the same trace when they run again in this process', async () => {
    expect((await simulate()).result.traceHash).to.equal(calm.result.traceHash)
  })

  it('leave another trace with another seed', async () => {
    expect((await simulate({}, 2)).result.traceHash).not.to.equal(calm.result.traceHash)
  })
})

describe('simulations/tier1: faults and liars', function () {
  this.timeout(PATIENCE_MS)

  it('goes on after a peer was killed, restarted and cut off, in one history', async () => {
    const { result, events } = await simulate({
      faults: [
        { kind: 'crash', atMs: 8_000, durationMs: 6_000, peers: [2] },
        { kind: 'partition', atMs: 16_000, durationMs: 6_000, peers: [5] },
        { kind: 'loss', atMs: 4_000, durationMs: 20_000, peers: [1, 4] },
      ],
      healAtMs: 30_000,
      workload: { rounds: 4 },
    })
    expect(result.verdict.verdict, result.verdict.sentence).to.equal('valid')
    expect(of(events, 'down').map(({ peer }) => peer)).to.deep.equal([2])
    expect(of(events, 'healed').length).to.equal(3)
    expect(result.reached).to.have.property('restarted')
  })

  // Both were found by this tier: a node of the chain that lags, or a proposal that names a block to come, ended a peer; so
  // did a polka of the view that a peer led before it started on an old copy of its disk.
  it('goes on where nodes of the chain lag, and where peers start on old copies of their disks', async () => {
    const { result, events } = await simulate(
      {
        faults: [
          { kind: 'rpc-lie', atMs: 10_000, durationMs: 20_000, peers: [2, 5] },
          { kind: 'restart-stale', atMs: 15_000, durationMs: 20_000, peers: [2, 5] },
        ],
        healAtMs: 50_000,
        workload: { rounds: 4 },
      },
      7,
    )
    expect(result.verdict.verdict, result.verdict.sentence).to.equal('valid')
    expect(of(events, 'halt')).to.deep.equal([])
    expect(result.reached).to.have.property('restarted-stale')
  })

  // Found by this tier: such a peer opened the round after the last one, alone, and never said that the run is over.
  it('is over for a peer that was down when the others finished, too', async () => {
    const { result, events } = await simulate({
      faults: [{ kind: 'crash', atMs: 25_000, durationMs: 5_000, peers: [7] }],
      healAtMs: 31_000,
      limitMs: 120_000,
      workload: { rounds: 1 },
    })
    expect(result.verdict.verdict, result.verdict.sentence).to.equal('valid')
    expect(of(events, 'end').map(({ reason }) => reason)).to.deep.equal(['finished'])
    expect(result.statistics.virtualMs).to.be.below(90_000)
  })

  it('proves a double vote, and refuses frames that are none, by the name of who sent them', async () => {
    const { result, events } = await simulate({
      attackers: [
        { attack: 'double-vote', who: { peers: [0] } },
        { attack: 'malformed-frames', who: { peers: [1] } },
      ],
    })
    expect(result.verdict.verdict, result.verdict.sentence).to.equal('valid')
    expect(of(events, 'evidence').map(({ kind, accused }) => `${kind} of ${accused}`)).to.include('double-prevote of 0')
    const refused = of(events, 'refused').filter(({ from }) => from === 1)
    expect(refused.map(({ reason }) => reason)).to.include.oneOf(['too-large', 'bad-encoding'])
  })

  it('names a fault and an attack that it has not', async () => {
    const fault = await simulate({ faults: [{ kind: 'reorder', atMs: 1, durationMs: 1, peers: [0] }] }).catch(String)
    expect(fault).to.include('tier 1 has no fault reorder')
    const attack = await simulate({ attackers: [{ attack: 'wrong-state', who: { peers: [0] } }] }).catch(String)
    expect(attack).to.include('tier 1 has no attack wrong-state')
  })

  it('stops before the event that it was told to stop before', async () => {
    const seen: string[] = []
    const { tier1 } = await import('../../../simulations/tier1/index.ts')
    const { scenario } = await import('../../../simulations/scenario/defaults.ts')
    const { drawScenario } = await import('../../../simulations/scenario/draw.ts')
    const short = drawScenario(scenario({ name: 'short', about: 'stops early', tiers: [1] }), 1)
    await tier1.run(short, {
      onEvent: ({ type }) => seen.push(type),
      until: ({ type }) => type === 'up',
      signal: new AbortController().signal,
    })
    expect(seen).not.to.include('up')
    expect(seen).to.include('seat')
  })
})
