import { expect } from 'chai'
import { ChainUnavailable } from '../../../consensus/chain/errors.ts'
import type { Anchor, BlockReference, CallOptions, Chain, PostedAnchor } from '../../../consensus/chain/types.ts'
import type { Recovery } from '../../../consensus/recovery/index.ts'
import type { Linked } from '../../../node/peer/anchor-links.ts'
import { Anchorer, PATIENCE_MS } from '../../../node/peer/anchorer.ts'
import { ChainWatch } from '../../../node/peer/chain-watch.ts'
import type { Hash } from '../../../protocols/wire/messages.ts'
import { settle, VirtualClock } from '../../protocols/discovery/virtual-clock.ts'
import { hashOf } from '../../protocols/wire/samples.ts'

const RUN = 'run'
const STAGE = 1
const MINUTE_MS = 60_000

/** Seals a block with all that was posted, when the test says so; while it is away it keeps every question. */
class TestChain implements Chain {
  readonly genesis: Hash = hashOf('genesis')
  readonly posted: PostedAnchor[] = []
  height = 1
  isAway = false
  /** Anchors whose posting was begun, and those under way now. */
  begun = 0
  waiting = 0
  readonly #callbacks = new Set<(head: BlockReference) => void>()
  readonly #kept = new Set<() => void>()
  #pool: { readonly anchor: PostedAnchor; readonly done: (block: BlockReference) => void }[] = []

  finalizedHead(options?: CallOptions): Promise<BlockReference> {
    return this.#answer(() => this.#block(this.height), options)
  }

  onFinalized(callback: (head: BlockReference) => void): () => void {
    this.#callbacks.add(callback)
    return () => this.#callbacks.delete(callback)
  }

  blockHash(height: number, options?: CallOptions): Promise<Hash> {
    return this.#answer(() => {
      if (height > this.height) throw new ChainUnavailable(`block ${height} is not final yet`)
      return hashOf(`block ${height}`)
    }, options)
  }

  bonds(): Promise<readonly []> {
    return this.#answer(() => [] as const)
  }

  bond(): Promise<BlockReference> {
    return Promise.reject(new Error('nobody bonds here'))
  }

  async anchor(_: string, anchor: Anchor, options?: CallOptions): Promise<BlockReference> {
    this.begun++
    this.waiting++
    try {
      await this.#answer(() => undefined, options)
      return await new Promise<BlockReference>((resolve, reject) => {
        options?.signal?.addEventListener('abort', () => reject(options.signal?.reason), { once: true })
        const block = this.#block(this.height + 1)
        this.#pool.push({ anchor: { ...anchor, peer: 'self', block }, done: resolve })
      })
    } finally {
      this.waiting--
    }
  }

  anchors(_: string, range: { afterHeight: number; toHeight: number }, options?: CallOptions) {
    return this.#answer(
      () => this.posted.filter(({ block }) => block.height > range.afterHeight && block.height <= range.toHeight),
      options,
    )
  }

  records(): Promise<readonly []> {
    return this.#answer(() => [] as const)
  }

  postRecord(): Promise<BlockReference> {
    return Promise.reject(new Error('nobody posts records here'))
  }

  async close(): Promise<void> {}

  /** As another member. */
  post(peer: string, toRound: number, link: Hash): void {
    const block = this.#block(this.height + 1)
    this.#pool.push({ anchor: { stage: STAGE, fromRound: 1, toRound, link, peer, block }, done: () => undefined })
  }

  async seal(blocks = 1): Promise<void> {
    for (let n = 0; n < blocks; n++) {
      this.height++
      for (const { anchor, done } of this.#pool.splice(0)) {
        this.posted.push({ ...anchor, block: this.#block(this.height) })
        done(this.#block(this.height))
      }
      for (const callback of this.#callbacks) callback(this.#block(this.height))
      await settle()
    }
  }

  comeBack(): void {
    this.isAway = false
    for (const go of this.#kept) go()
    this.#kept.clear()
  }

  #block(height: number): BlockReference {
    return { height, hash: hashOf(`block ${height}`) }
  }

  #answer<T>(answer: () => T, options?: CallOptions): Promise<T> {
    return new Promise((resolve, reject) => {
      const { signal } = options ?? {}
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      const go = () => {
        try {
          resolve(answer())
        } catch (error) {
          reject(error)
        }
      }
      if (this.isAway) this.#kept.add(go)
      else go()
    })
  }
}

class Bench {
  readonly clock = new VirtualClock()
  readonly chain = new TestChain()
  readonly stop = new AbortController()
  readonly told: string[] = []
  readonly watch: ChainWatch
  readonly anchorer: Anchorer
  recoveries: readonly Recovery[] = []

  constructor() {
    const { signal } = this.stop
    this.watch = new ChainWatch({
      chain: this.chain,
      clock: this.clock,
      signal,
      onAway: () => this.told.push('away'),
      onBack: () => this.told.push('back'),
    })
    this.anchorer = new Anchorer({
      posted: this.watch,
      chain: this.watch,
      clock: this.clock,
      run: RUN,
      stage: STAGE,
      fromHeight: 0,
      isMember: peer => peer !== 'stranger',
      reformed: { recoveries: () => this.recoveries, startOf: epoch => 10 * epoch },
      signal,
      onAnchored: ({ toRound }) => this.told.push(`anchored ${toRound}`),
      onWarning: message => this.told.push(message),
    })
    this.anchorer.note({ round: 0, link: hashOf('start'), epoch: 0 })
  }

  /** A round of the stage ends at which an anchor is due. */
  certified(round: number, rank = 0): void {
    this.anchorer.note(at(round))
    this.anchorer.post(at(round), rank)
  }

  /** A block every six seconds. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 6_000) {
      await this.clock.advance(6_000)
      if (!this.chain.isAway) await this.chain.seal()
    }
  }

  get rounds(): number[] {
    return this.chain.posted.map(({ toRound }) => toRound)
  }
}

function at(round: number, epoch = 0, link = linkAt(round)): Linked {
  return { round, link, epoch }
}

function linkAt(round: number): Hash {
  return hashOf(`link ${round}`)
}

describe('a peer and a chain that is away', () => {
  let bench: Bench

  beforeEach(async () => {
    bench = new Bench()
    await bench.chain.seal()
  })
  afterEach(async () => {
    bench.stop.abort(new Error('the test is over'))
    bench.anchorer.stop()
    await settle()
  })

  it('says once that it is away, and once that it is back', async () => {
    await bench.pass(MINUTE_MS)
    expect(bench.told).to.deep.equal([])
    bench.chain.isAway = true
    await bench.pass(10 * MINUTE_MS)
    expect(bench.told).to.deep.equal(['away'])
    bench.chain.comeBack()
    await bench.pass(MINUTE_MS)
    expect(bench.told).to.deep.equal(['away', 'back'])
  })

  it('knows the newest head without asking, and asks for anything else until it is answered', async () => {
    const head = { height: bench.chain.height, hash: hashOf(`block ${bench.chain.height}`) }
    bench.chain.isAway = true
    await bench.pass(MINUTE_MS)
    expect(await bench.watch.finalizedHead()).to.deep.equal(head)
    let hash: Hash | null = null
    void bench.watch.blockHash(1, {}).then(answer => {
      hash = answer
    })
    await bench.pass(MINUTE_MS)
    expect(hash).to.equal(null)
    bench.chain.comeBack()
    await bench.pass(6_000)
    expect(hash).to.deep.equal(hashOf('block 1'))
  })

  it('asks anew what it asked before the chain went away, though that was given up only after its return', async () => {
    bench.chain.isAway = true
    let asked = 0
    const givenUp = Promise.withResolvers<never>()
    const { blockHash } = bench.chain
    bench.chain.blockHash = (height, options) =>
      asked++ === 0 ? givenUp.promise : blockHash.call(bench.chain, height, options)
    const hash = bench.watch.blockHash(1, {})
    await bench.pass(MINUTE_MS)
    bench.chain.comeBack()
    await bench.pass(6_000)
    givenUp.reject(new ChainUnavailable('no answer within 20 s'))
    expect(await hash).to.deep.equal(hashOf('block 1'))
    expect(asked).to.equal(2)
  })

  it('asks anew what was not answered in time though the chain is there, a bounded number of times', async () => {
    let asked = 0
    bench.chain.blockHash = async () => {
      asked++
      await new Promise<void>(resolve => bench.clock.after(20_000, resolve))
      throw new ChainUnavailable('no answer within 20 s')
    }
    const failed = bench.watch.blockHash(1, {}).catch((error: unknown) => error)
    await bench.pass(5 * MINUTE_MS)
    expect(await failed).to.be.instanceOf(ChainUnavailable)
    expect(asked).to.equal(6)
    expect(bench.told).to.deep.equal([])
  })

  it('passes on what a chain that answers does not know', async () => {
    const asked = await bench.watch.blockHash(1_000).catch((error: unknown) => error)
    expect(asked).to.be.instanceOf(ChainUnavailable)
    expect(bench.told).to.deep.equal([])
  })

  it('posts the newest link alone once it is back, though links fell due all the time', async () => {
    bench.certified(8)
    await bench.pass(12_000)
    expect(bench.anchorer.finalRound).to.equal(8)
    bench.chain.isAway = true
    for (let round = 16; round <= 800; round += 8) {
      bench.certified(round)
      await bench.pass(6_000)
      expect(bench.chain.waiting).to.be.at.most(1)
    }
    // Those that were begun before it was known to be away; not one for each link.
    expect(bench.chain.begun).to.be.at.most(3)
    bench.chain.comeBack()
    await bench.pass(MINUTE_MS)
    expect(bench.rounds).to.deep.equal([8, 800])
    expect(bench.anchorer.finalRound).to.equal(800)
    expect(bench.told.filter(line => !line.startsWith('anchored'))).to.deep.equal(['away', 'back'])
  })

  it('waits for its turn anew when the chain is back, so that not every member posts at once', async () => {
    bench.chain.isAway = true
    bench.certified(8, 2)
    await bench.pass(3 * MINUTE_MS)
    bench.chain.comeBack()
    await bench.pass(12_000)
    expect(bench.rounds).to.deep.equal([])
    bench.chain.post('first in rank', 8, linkAt(8))
    await bench.pass(3 * PATIENCE_MS)
    expect(bench.rounds).to.deep.equal([8])
  })

  it('posts in its turn where those before it do not', async () => {
    bench.certified(8, 2)
    await bench.pass(2 * PATIENCE_MS - 6_000)
    expect(bench.rounds).to.deep.equal([])
    await bench.pass(18_000)
    expect(bench.rounds).to.deep.equal([8])
  })
})

describe('what a peer takes for final', () => {
  let bench: Bench

  beforeEach(async () => {
    bench = new Bench()
    bench.certified(8)
    await bench.pass(12_000)
    bench.told.length = 0
  })
  afterEach(async () => {
    bench.stop.abort(new Error('the test is over'))
    bench.anchorer.stop()
    await settle()
  })

  it('is what a member anchored of its own history: not what strangers post, nor another history', async () => {
    bench.anchorer.note(at(16))
    bench.chain.post('stranger', 16, linkAt(16))
    bench.chain.post('liar', 16, hashOf('another'))
    bench.chain.post('liar', 1_000_000, hashOf('another'))
    await bench.pass(12_000)
    expect(bench.anchorer.finalRound).to.equal(8)
    expect(bench.told.join()).to.include('liar anchored another history of round 16')
  })

  it('counts an anchor of rounds that this peer learns of only later', async () => {
    bench.chain.post('sibling', 16, linkAt(16))
    await bench.pass(12_000)
    expect(bench.anchorer.finalRound).to.equal(8)
    bench.anchorer.note(at(16))
    expect(bench.anchorer.finalRound).to.equal(16)
    expect(bench.anchorer.finalAtMost(15)).to.equal(8)
  })

  it('is taken back by the recovery that leaves it, and the same number is final once the re-formed stage anchored it', async () => {
    bench.certified(16)
    await bench.pass(12_000)
    expect(bench.anchorer.finalRound).to.equal(16)
    bench.recoveries = [recovery(12, 16, 2)]
    expect(bench.anchorer.finalRound).to.equal(8)
    const again = hashOf('the same number again')
    await bench.pass(120_000)
    expect(bench.chain.height).to.be.greaterThan(20)
    bench.told.length = 0
    // Before this peer has got there itself: what it knows of that number is what was left.
    bench.chain.post('sibling', 16, again)
    await bench.pass(12_000)
    expect(bench.told).to.deep.equal(['anchored 16'])
    expect(bench.anchorer.finalRound).to.equal(8)
    bench.anchorer.note(at(16, 2, again))
    expect(bench.anchorer.finalRound).to.equal(16)
  })

  it('is not what was anchored of rounds that a recovery left, for whoever reads it later', async () => {
    const late = new Bench()
    late.recoveries = [recovery(12, 16, 2)]
    late.chain.post('gone', 16, hashOf('another'))
    await late.pass(12_000)
    expect(late.told).to.deep.equal([])
    late.anchorer.note(at(16, 2))
    expect([late.anchorer.finalRound, ...late.told]).to.deep.equal([0])
    late.stop.abort(new Error('the test is over'))
    late.anchorer.stop()
  })

  it('comes of no link that a recovery left while it waited for its turn', async () => {
    bench.certified(16, 2)
    bench.recoveries = [recovery(12, 17, 2)]
    await bench.pass(4 * PATIENCE_MS)
    expect(bench.rounds).to.deep.equal([8])
  })
})

function recovery(base: number, resume: number, epoch: number): Recovery {
  const point = { round: base, value: hashOf(`value ${base}`), outcome: hashOf(`outcome ${base}`) }
  return { stage: STAGE, epoch, base: point, resume, seats: [], claimants: [], isAttested: true, keepers: [] }
}
