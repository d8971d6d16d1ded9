import { expect } from 'chai'
import { loadKernels } from '../../../node/engine/kernels/index.ts'
import { drawScenario } from '../../../simulations/scenario/draw.ts'
import { World } from '../../../simulations/tier0/world.ts'
import type { SimEvent } from '../../../simulations/trace/types.ts'
import { eventsOf, quick, runSeed } from '../support.ts'

const kernels = await loadKernels()

describe('simulations/tier0/behind', () => {
  it('a restarted peer takes what its siblings have certified before it opens a round', () => {
    const fault = { kind: 'crash', atMs: 2_000, durationMs: 20_000, peers: [2] }
    const told = runSeed(quick({ healAtMs: 25_000, faults: [fault], workload: { rounds: 8 } }), 1)
    expect(told.verdict.verdict, told.verdict.sentence).to.equal('valid')
    const [synced] = told.events.flatMap(event => (event.type === 'synced' ? [event] : []))
    expect(synced).to.include({ peer: 2, by: 'replay' })
    const started = told.events.findIndex(event => event.type === 'up' && event.peer === 2 && event.atMs > 22_000)
    const opened = told.events.slice(started).find(event => event.type === 'round.opened' && event.peer === 2)
    expect(opened).to.include({ round: synced!.round! + 1 })
  })

  it('a round that all have to open again goes on with what is held of it', () => {
    const world = new World(drawScenario(quick(), 1), { kernels, messages: false })
    const [stage] = world.stages
    const events: SimEvent[] = []
    let commits = 0
    world.recorder.listen(event => {
      events.push(event)
      if (event.type !== 'signed' || event.kind !== 'commit' || event.stage !== 0 || ++commits !== stage!.length) return
      // Most partitions have arrived, no proposal has.
      world.time.after(480, () => {
        const held = stage!.map(peer => peer.journal.heldSince(1).length)
        expect(held.reduce((sum, count) => sum + count)).to.be.at.least(2 * stage!.length)
        expect(held).to.include(0)
        for (const peer of stage!) peer.replica!.fallBehind()
      })
    })
    world.chain.start()
    for (const peer of world.peers) peer.start(0)
    world.time.run(60_000)
    const opened = events.filter(event => event.type === 'round.opened' && event.stage === 0 && event.round === 1)
    expect(opened).to.have.length(2 * stage!.length)
    const decided = events.flatMap(event => (event.type === 'decided' ? [event] : [])).find(event => event.stage === 0)
    expect(decided).to.include({ round: 1, skip: false, view: 0 })
  })

  it('what a full disk did not take is acknowledged once it does', () => {
    const world = new World(drawScenario(quick(), 1), { kernels, messages: false })
    const [stage] = world.stages
    const decided: boolean[] = []
    world.recorder.listen(event => {
      if (event.type === 'decided' && event.stage === 0) decided.push(event.skip)
      if (event.type !== 'signed' || event.kind !== 'commit' || event.stage !== 0 || event.peer !== stage![1]!.index)
        return
      const { disk } = stage![1]!
      disk.isFull = true
      // The siblings' partitions have come meanwhile, and nothing was signed.
      world.time.after(3_000, () => {
        disk.isFull = false
      })
    })
    world.chain.start()
    // Without the last one all commitments of the others are needed, and all of them as candidates.
    for (const peer of world.peers) if (peer !== stage!.at(-1)) peer.start(0)
    world.time.run(60_000)
    expect(decided[0]).to.equal(false)
  })

  it('a peer that heard nothing of how its round ended catches up as soon as it asks', () => {
    const healAtMs = 36_000
    const fault = { kind: 'partition', atMs: 6_000, durationMs: 30_000, peers: [2] }
    const told = runSeed(quick({ healAtMs, faults: [fault], workload: { rounds: 2 } }), 3)
    expect(told.verdict.verdict, told.verdict.sentence).to.equal('valid')
    const last = eventsOf(told, 'certified').find(({ peer, round }) => peer === 2 && round === 2)!
    // Two looks of the watchdog, and the transfer; not the candidates' time-outs of 5 and 7.5 s as well.
    expect(last.atMs)
      .to.be.greaterThan(healAtMs)
      .and.below(healAtMs + 9_000)
  })

  it('catches up on a state and aggregates that take far longer than any one request may', () => {
    const fault = { kind: 'crash', atMs: 20_000, durationMs: 90_000, peers: [2] }
    const told = runSeed(
      quick({
        healAtMs: 120_000,
        limitMs: 1_200_000,
        faults: [fault],
        peer: { upMbps: 100, downMbps: 100 },
        workload: { rounds: 8, rootEvery: 4, gradientValues: 1_024, gradientBytes: 64_000_000 },
        timing: { roundMs: 120_000, drainMs: 10_000, hopMs: 30_000, proposeMs: 20_000, reduceMs: 20_000 },
      }),
      1,
    )
    expect(told.verdict.verdict, told.verdict.sentence).to.equal('valid')
    expect(eventsOf(told, 'synced').map(({ peer, by }) => ({ peer, by }))).to.deep.include({ peer: 2, by: 'snapshot' })
  })
})
