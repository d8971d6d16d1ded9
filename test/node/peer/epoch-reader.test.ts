import { expect } from 'chai'
import type { Bond, CallOptions } from '../../../consensus/chain/types.ts'
import { beaconHeight } from '../../../consensus/election/index.ts'
import { EpochReader } from '../../../node/peer/epoch-reader.ts'
import type { Hash } from '../../../protocols/wire/messages.ts'
import { block, FakeChain, makeRun } from '../verify/world.ts'
import { peer } from './messages.ts'

const SIGNAL = new AbortController().signal

describe('node/peer: what the chain says of epochs, read ahead', () => {
  const run = makeRun()
  const schedule = run.manifest.chain
  const bonds: Bond[] = [{ peer: peer(0), account: 'account', stake: BigInt(run.manifest.stake.floor) }]

  /** A chain whose epochs up to `epochs` are final and that answers when it is told to. */
  function open(epochs: number, isKnown: (epoch: number) => boolean = () => false) {
    const chain = new WaitingChain(bonds)
    chain.run = run.id
    chain.head = beaconHeight(schedule, epochs)
    const reader = new EpochReader({ chain, run, isKnown, wantsAnchors: () => false })
    return { chain, reader }
  }

  const heights = (...epochs: number[]): number[] => epochs.map(epoch => beaconHeight(schedule, epoch))

  it('asks for four epochs beyond the one that is wanted, and for each once', async () => {
    const { chain, reader } = open(12)
    const first = reader.read(1, SIGNAL)
    await chain.asks(heights(1, 2, 3, 4, 5))
    chain.answer()
    expect((await first).facts.beacon).to.deep.equal(block(beaconHeight(schedule, 1)).hash)
    const second = reader.read(2, SIGNAL)
    await chain.asks(heights(6))
    chain.answer()
    expect((await second).facts.beacon).to.deep.equal(block(beaconHeight(schedule, 2)).hash)
  })

  it('asks neither for what is not final nor for what is known', async () => {
    const { chain, reader } = open(4, epoch => epoch === 3)
    const first = reader.read(1, SIGNAL)
    await chain.asks(heights(1, 2, 4))
    chain.answer()
    await first
  })

  it('asks again for what failed ahead of time or was given up by whoever came before', async () => {
    const { chain, reader } = open(3)
    const controller = new AbortController()
    const first = reader.read(1, controller.signal)
    await chain.asks(heights(1, 2, 3))
    controller.abort()
    expect(await first.catch((error: unknown) => error)).to.equal(controller.signal.reason)
    const second = reader.read(2, SIGNAL)
    await chain.asks(heights(2))
    chain.answer()
    expect((await second).facts.beacon).to.deep.equal(block(beaconHeight(schedule, 2)).hash)
  })
})

interface Question {
  readonly height: number
  readonly resolve: () => void
}

/** Answers for blocks' hashes wait until {@link answer}. */
class WaitingChain extends FakeChain {
  readonly #waiting = new Set<Question>()
  #onAsked: () => void = () => undefined

  override async blockHash(height: number, options: CallOptions = {}): Promise<Hash> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const question = { height, resolve }
    const giveUp = (): void => {
      this.#waiting.delete(question)
      reject(options.signal?.reason)
    }
    options.signal?.addEventListener('abort', giveUp, { once: true })
    this.#waiting.add(question)
    this.#onAsked()
    await promise
    return block(height).hash
  }

  /** Resolves once all of these are asked for; fails where more are. */
  async asks(heights: readonly number[]): Promise<void> {
    const asked = (): number[] => [...new Set([...this.#waiting].map(({ height }) => height))].toSorted((a, b) => a - b)
    while (asked().length < heights.length)
      await new Promise<void>(resolve => {
        this.#onAsked = resolve
      })
    // Whatever else would be asked for is asked for now.
    await new Promise(resolve => setImmediate(resolve))
    expect(asked()).to.deep.equal(heights)
  }

  answer(): void {
    for (const { resolve } of this.#waiting) resolve()
    this.#waiting.clear()
  }
}
