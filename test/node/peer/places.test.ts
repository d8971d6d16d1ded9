import { expect } from 'chai'
import type { Roster } from '../../../consensus/membership/index.ts'
import { cutModel, dealHands, stageBytes } from '../../../node/engine/partition/index.ts'
import { EventBus } from '../../../node/events/bus.ts'
import type { NodeEvent } from '../../../node/events/types.ts'
import { PlaceTeller, type PlaceTellerInit } from '../../../node/peer/place-teller.ts'
import { Places, type PlacesInit } from '../../../node/peer/places.ts'
import type { PeerRequest } from '../../../node/run/request.ts'
import { settle } from '../../protocols/discovery/virtual-clock.ts'
import { makeRun } from '../verify/world.ts'
import { peer } from './messages.ts'

const SIGNAL = new AbortController().signal
const run = makeRun()
const { epochBlocks, startHeight } = run.manifest.chain
const SELF = peer(0)
const MIB = 1024 * 1024

const EMPTY: Roster = {
  epoch: 0,
  stageOf: new Map(),
  departing: new Map(),
  barred: new Set(),
  paused: new Map(),
  shortSince: new Map(),
  moves: [],
  candidates: new Map(),
  spares: [],
}
const startOf = (epoch: number): number => startHeight + epoch * epochBlocks

/** A run whose rosters are set as the test goes. */
function open(memoryBytes: number | null = null, threads = 1) {
  let rosters = { current: EMPTY, newest: EMPTY }
  let bonded = true
  let lost: readonly { stage: number; needs: number }[] = []
  let request: PeerRequest | null = null
  let height = startOf(0)
  const events: NodeEvent[] = []
  const bus = new EventBus(() => 0)
  bus.subscribe(event => events.push(event))
  const membership: Partial<PlacesInit['membership']> = {
    foresee: async () => undefined,
    epochOf: at => Math.floor((at - startHeight) / epochBlocks),
    startOf,
    roster: () => null,
    get ledger() {
      return { leases: [], recoveries: [], shortages: lost }
    },
    bondsAt: async () => (bonded ? [{ peer: SELF, account: 'a', stake: 1n }] : []),
    get current() {
      return rosters.current
    },
    get newest() {
      return rosters.newest
    },
  }
  const places = new Places({
    run,
    self: SELF,
    membership: membership as PlacesInit['membership'],
    chain: { finalizedHead: async () => ({ height, hash: new Uint8Array(32) }) },
    disk: { request: () => request, clearRequest: () => (request = null) },
    bus,
    memoryBytes,
    threads,
  })
  const teller = new PlaceTeller({ run, self: SELF, membership: membership as PlaceTellerInit['membership'], bus })
  return {
    places,
    events,
    ask: (what: PeerRequest) => (request = what),
    loseBond: () => (bonded = false),
    lose: (stage: number, needs: number) => (lost = [{ stage, needs }]),
    get request() {
      return request
    },
    /** An epoch begins, with these seats. */
    async begin(epoch: number, changes: Partial<Roster>): Promise<void> {
      const roster = { ...EMPTY, epoch, ...changes }
      rosters = { current: roster, newest: roster }
      height = startOf(epoch)
      teller.at(height)
      places.at(height)
      await settle()
    },
    async block(): Promise<void> {
      height++
      teller.at(height)
      places.at(height)
      await settle()
    },
  }
}

function watch(next: Promise<number | null>): { result: () => unknown } {
  let result: unknown = 'waits'
  next.then(
    stage => (result = stage),
    error => (result = error),
  )
  return { result: () => result }
}

function stageSize(stage: number): number {
  const { model, stages, batch } = run.manifest
  return stageBytes(model, cutModel(model, stages, batch.sequences)[stage]!, batch.sequences)
}

describe('the place of a peer', () => {
  it('is its seat, or the stage that it was dealt to', async () => {
    const seated = open()
    await seated.begin(0, { stageOf: new Map([[SELF, 1]]) })
    expect(await seated.places.next(SIGNAL)).to.equal(1)
    const dealt = open()
    await dealt.begin(3, { candidates: new Map([[SELF, 0]]) })
    expect(await dealt.places.next(SIGNAL)).to.equal(0)
  })

  it('is waited for by a spare, which says what a stage needs that lost its quorum', async () => {
    const world = open()
    world.lose(1, 2)
    await world.begin(2, { spares: [SELF] })
    const [place] = world.events.filter(event => event.event === 'place')
    expect(place)
      .to.have.property('for')
      .that.matches(/^stage 1 needs 2 more replicas; epoch 3 begins in \d+ blocks$/)
  })

  it('is waited for by a spare, which says what for, block by block', async () => {
    const world = open()
    await world.begin(2, { spares: [SELF] })
    const { result } = watch(world.places.next(SIGNAL))
    await world.block()
    expect(result()).to.equal('waits')
    const told = world.events.flatMap(event => (event.event === 'place' ? [`${event.role}: ${event.for}`] : []))
    expect(told).to.deep.equal([
      `spare: no stage is short of seats; epoch 3 begins in ${epochBlocks} blocks`,
      `spare: no stage is short of seats; epoch 3 begins in ${epochBlocks - 1} blocks`,
    ])
    await world.begin(3, { candidates: new Map([[SELF, 1]]) })
    expect(result()).to.equal(1)
  })

  it('is waited for where the bond does not count yet, and refused without one', async () => {
    const world = open()
    await world.begin(1, {})
    const { result } = watch(world.places.next(SIGNAL))
    await settle()
    expect(result()).to.equal('waits')
    world.loseBond()
    await world.begin(2, {})
    expect(result()).to.include({ exit: 'refused' })
  })

  it('is nowhere for a peer that gave its seat up, as long as its bond stands', async () => {
    const world = open()
    await world.begin(2, { barred: new Set([SELF]) })
    const { result } = watch(world.places.next(SIGNAL))
    await settle()
    expect(result()).to.include({ exit: 'refused' })
    expect(String(result())).to.contain('gave its seat up or was proven to lie')
  })

  it('is no stage beside the own one where the machine cannot hold both, which it says', () => {
    const all = open(64 * MIB)
    expect(all.places.fits(1, 0)).to.equal(true)
    const one = stageSize(1)
    const world = open(one + stageSize(0) - 1)
    expect(world.places.fits(1)).to.equal(true)
    expect(world.places.fits(1, 0)).to.equal(false)
    const warnings = world.events.flatMap(event => (event.event === 'warning' ? [event.message] : []))
    expect(warnings.join()).to.match(/^stage 1 needs about \d+ MiB beside stage 0 and this peer gives \d+: it stays/)
  })

  it('is a stage that fits with one thread, where several do not; beside another one, hands count', () => {
    const both = stageSize(0) + stageSize(1)
    expect(open(stageSize(1), 4).places.fits(1)).to.equal(true)
    expect(open(both, 1).places.fits(1, 0)).to.equal(true)
    const hands = (stage: number): number => {
      const { model, stages, batch } = run.manifest
      const { sequences } = batch
      const cut = cutModel(model, stages, sequences)[stage]!
      return dealHands({ model, cut, sequences, threads: 4, memoryBytes: 1024 * MIB }).bytes
    }
    const all = both + hands(0) + hands(1)
    expect(hands(0)).to.be.above(0)
    expect(open(all, 4).places.fits(1, 0)).to.equal(true)
    expect(open(all - 1, 4).places.fits(1, 0)).to.equal(false)
  })

  it('is no stage that the machine cannot hold, which is said once', async () => {
    const world = open(MIB / 1024)
    await world.begin(1, { candidates: new Map([[SELF, 1]]) })
    const { result } = watch(world.places.next(SIGNAL))
    await world.block()
    await world.block()
    expect(result()).to.equal('waits')
    const warnings = world.events.flatMap(event => (event.event === 'warning' ? [event.message] : []))
    expect(warnings).to.have.length(1)
    expect(warnings[0]).to.match(/stage 1 needs about \d+ MiB and this peer gives 1: it waits for another stage/)
  })

  it('ends for a peer that wished to leave, once its seat is gone', async () => {
    const world = open()
    await world.begin(1, { stageOf: new Map([[SELF, 0]]) })
    expect(await world.places.next(SIGNAL)).to.equal(0)
    world.ask('leave')
    await world.begin(2, { spares: [SELF] })
    expect(await world.places.next(SIGNAL)).to.equal(null)
    expect(world.request).to.equal(null)
  })

  it('is looked for by a peer that was started after it had left', async () => {
    const world = open()
    world.ask('leave')
    await world.begin(2, { spares: [SELF] })
    const { result } = watch(world.places.next(SIGNAL))
    await settle()
    expect(result()).to.equal('waits')
    expect(world.request).to.equal(null)
  })
})
