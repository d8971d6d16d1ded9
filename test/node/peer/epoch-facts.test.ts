import { expect } from 'chai'
import fc from 'fast-check'
import type { BlockReference, Bond, PostedRecord } from '../../../consensus/chain/types.ts'
import { beaconHeight } from '../../../consensus/election/index.ts'
import { encodeClaim } from '../../../consensus/recovery/index.ts'
import { EpochFactsReader } from '../../../node/peer/epoch-facts.ts'
import { Membership } from '../../../node/peer/membership.ts'
import type { Hash } from '../../../protocols/wire/messages.ts'
import { MemoryStorage } from '../journal/memory-storage.ts'
import { block, FakeChain, hashOf, makeRun } from '../verify/world.ts'
import { peer } from './messages.ts'

const SIGNAL = new AbortController().signal
const EPOCHS = 12

describe('node/peer: what the chain said of the epochs', () => {
  const run = makeRun()
  const { stages, replicas, stake, chain: schedule } = run.manifest
  const bonds = Array.from({ length: stages * replicas }, (_, index): Bond => {
    return { peer: peer(index), account: `account ${index}`, stake: BigInt(stake.floor) + 2n ** 70n }
  })

  function newChain(): AskedChain {
    const chain = new AskedChain(bonds)
    chain.run = run.id
    chain.head = beaconHeight(schedule, EPOCHS)
    const record = encodeClaim(run.id, { stage: 1, holds: true, newest: null })
    chain.recorded = [3, 9].map(
      (epoch, index): PostedRecord => ({
        kind: 'claim',
        peer: peer(index),
        block: block(beaconHeight(schedule, epoch)),
        record,
      }),
    )
    return chain
  }

  /** What a start finds, and what it asks the chain for. */
  async function start(chain: AskedChain, storage: MemoryStorage) {
    chain.asked.clear()
    const warnings: string[] = []
    const kept = { openStorage: async () => storage, onWarning: (text: string) => void warnings.push(text) }
    const facts = await EpochFactsReader.open({ chain, run, kept }, SIGNAL)
    const membership = await Membership.load(chain, run, SIGNAL, facts)
    await membership.foresee(chain.head, SIGNAL)
    const epochs = await Promise.all(Array.from({ length: EPOCHS + 1 }, (_, number) => facts.of(number, SIGNAL)))
    await facts.close()
    const rosters = epochs.map((_, number) => membership.roster(number))
    return { epochs, rosters, ledger: membership.ledger, warnings, asked: new Map(chain.asked) }
  }

  it('a second start asks the chain for none of it again, and finds the same seats', async () => {
    const [chain, storage] = [newChain(), new MemoryStorage()]
    const first = await start(chain, storage)
    expect(first.asked.get('records')).to.be.at.least(EPOCHS)
    const { asked, ...second } = await start(chain, storage)
    expect(asked.get('records')).to.equal(undefined)
    expect(asked.get('bonds')).to.equal(undefined)
    expect(asked.get('blockHash'), 'block S, and the last that is remembered').to.equal(2)
    expect(second).to.deep.equal(omitAsked(first))
  })

  it('asks for what is new since the last start alone', async () => {
    const [chain, storage] = [newChain(), new MemoryStorage()]
    chain.head = beaconHeight(schedule, EPOCHS - 2)
    const facts = await EpochFactsReader.open(
      { chain, run, kept: { openStorage: async () => storage, onWarning: () => undefined } },
      SIGNAL,
    )
    await (await Membership.load(chain, run, SIGNAL, facts)).foresee(chain.head, SIGNAL)
    await facts.close()
    chain.head = beaconHeight(schedule, EPOCHS)
    const { asked } = await start(chain, storage)
    expect(asked.get('records')).to.equal(2)
  })

  it('gives the anchors of any blocks as the chain does, and asks it for those alone that are not remembered', async () => {
    const [chain, storage] = [newChain(), new MemoryStorage()]
    const { startHeight } = schedule
    const extra = 7
    const head = beaconHeight(schedule, EPOCHS) + extra
    for (let height = startHeight + 1; height <= head; height += 5) {
      const link = hashOf(`link ${height}`)
      chain.posted.push({ stage: 0, fromRound: height, toRound: height + 4, link, peer: peer(1), block: block(height) })
    }
    await start(chain, storage)
    chain.head = head
    const kept = { openStorage: async () => storage, onWarning: () => undefined }
    const facts = await EpochFactsReader.open({ chain, run, kept }, SIGNAL)
    const within = fc.integer({ min: startHeight, max: head })
    await fc.assert(
      fc.asyncProperty(within, within, async (a, b) => {
        const range = { afterHeight: Math.min(a, b), toHeight: Math.max(a, b) }
        const wanted = chain.posted.filter(
          ({ block: { height } }) => height > range.afterHeight && height <= range.toHeight,
        )
        chain.asked.clear()
        expect(await facts.anchors(run.id, range)).to.deep.equal(wanted)
        expect(chain.asked.get('anchors') ?? 0).to.equal(range.toHeight > head - extra && a !== b ? 1 : 0)
      }),
    )
    await facts.close()
  })

  it('an epoch of which there is too much to keep is read each time, those after it are not', async () => {
    const [chain, storage] = [newChain(), new MemoryStorage()]
    const at = block(beaconHeight(schedule, 4))
    const record = Uint8Array.from([...chain.recorded[0]!.record, ...new Uint8Array(120_000)])
    chain.recorded.push(
      ...Array.from({ length: 9 }, () => ({ kind: 'claim' as const, peer: peer(0), block: at, record })),
    )
    const first = await start(chain, storage)
    const { asked, ...second } = await start(chain, storage)
    // Once for the seats, and once for this test where it is at hand no more.
    expect(asked.get('records')).to.be.within(1, 2)
    expect(second).to.deep.equal(omitAsked(first))
  })

  it('an epoch that two ask for at once is kept once', async () => {
    const [chain, storage] = [newChain(), new MemoryStorage()]
    const kept = { openStorage: async () => storage, onWarning: () => undefined }
    const facts = await EpochFactsReader.open({ chain, run, kept }, SIGNAL)
    for (let epoch = 0; epoch < 3; epoch++) await Promise.all([facts.of(epoch, SIGNAL), facts.of(epoch, SIGNAL)])
    await facts.close()
    const { epochs, warnings } = await start(chain, storage)
    expect(warnings).to.deep.equal([])
    for (const epoch of [0, 1, 2])
      expect(epochs[epoch]!.beacon).to.deep.equal(block(beaconHeight(schedule, epoch)).hash)
  })

  it('asks for anchors only where they are to be kept', async () => {
    const chain = newChain()
    const membership = await Membership.load(chain, run, SIGNAL)
    await membership.foresee(chain.head, SIGNAL)
    expect(chain.asked.get('anchors')).to.equal(undefined)
  })

  it('reads all of it again where the chain is another one than is remembered, and says so', async () => {
    const [chain, storage] = [newChain(), new MemoryStorage()]
    await start(chain, storage)
    chain.other = hashOf('another block')
    const { warnings, asked, epochs } = await start(chain, storage)
    expect(warnings).to.have.length(1)
    expect(asked.get('records')).to.be.at.least(EPOCHS)
    expect(epochs[EPOCHS]!.beacon).to.deep.equal(chain.other)
  })

  it('waits, and says so, for a chain that shows fewer blocks than are remembered', async () => {
    const [chain, storage] = [newChain(), new MemoryStorage()]
    const first = await start(chain, storage)
    const headHeight = chain.head
    chain.head = headHeight - 1
    const starting = start(chain, storage)
    await new Promise(setImmediate)
    chain.finalize(headHeight)
    const { warnings, ...second } = await starting
    expect(warnings).to.have.length(1)
    expect(second.rosters).to.deep.equal(first.rosters)
  })

  it('a damaged file is read again, and a disk that takes nothing keeps nobody from starting', async () => {
    const [chain, storage] = [newChain(), new MemoryStorage()]
    const first = await start(chain, storage)
    const [file] = storage.files.values()
    file![file!.length >> 1]! ^= 1
    const again = await start(chain, storage)
    expect(again.warnings).to.have.length(1)
    expect(again.epochs).to.deep.equal(first.epochs)
    const full = new MemoryStorage()
    const opened = {
      chain,
      run,
      kept: { openStorage: async () => full, onWarning: (text: string) => void warned.push(text) },
    }
    const warned: string[] = []
    const facts = await EpochFactsReader.open(opened, SIGNAL)
    full.failing = true
    for (const number of first.epochs.keys()) expect(await facts.of(number, SIGNAL)).to.deep.equal(first.epochs[number])
    expect(warned, 'told once').to.have.length(1)
    const { warnings, epochs } = await start(chain, full)
    expect(warnings, 'full from the first').to.have.length(1)
    expect(epochs).to.deep.equal(first.epochs)
  })
})

function omitAsked<T extends { asked: unknown }>({ asked: _, ...rest }: T): Omit<T, 'asked'> {
  return rest
}

/** Counts what it is asked for. */
class AskedChain extends FakeChain {
  readonly asked = new Map<string, number>()
  /** In place of its newest beacon. */
  other: Hash | null = null
  readonly #waiting = new Set<(head: BlockReference) => void>()

  #count(what: string): void {
    this.asked.set(what, (this.asked.get(what) ?? 0) + 1)
  }

  override async blockHash(height: number): Promise<Hash> {
    this.#count('blockHash')
    return this.other !== null && height === this.head ? this.other : super.blockHash(height)
  }

  override async bonds(...args: Parameters<FakeChain['bonds']>): ReturnType<FakeChain['bonds']> {
    this.#count('bonds')
    return super.bonds(...args)
  }

  override async anchors(...args: Parameters<FakeChain['anchors']>): ReturnType<FakeChain['anchors']> {
    this.#count('anchors')
    return super.anchors(...args)
  }

  override async records(...args: Parameters<FakeChain['records']>): ReturnType<FakeChain['records']> {
    this.#count('records')
    return super.records(...args)
  }

  override onFinalized(callback: (head: BlockReference) => void): () => void {
    this.#waiting.add(callback)
    return () => this.#waiting.delete(callback)
  }

  finalize(height: number): void {
    this.head = height
    for (const callback of this.#waiting) callback(block(height))
  }
}
