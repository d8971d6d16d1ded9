import { expect } from 'chai'
import fc from 'fast-check'
import { OPEN_REQUESTS_AT_MOST, PARALLEL_REQUESTS, REQUEST_TIMEOUT_MS } from '../../../protocols/state/constants.ts'
import { Pace } from '../../../protocols/state/pace.ts'
import { transfer } from '../../../protocols/state/transfer.ts'
import type { PeerName } from '../../../protocols/wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../../../protocols/wire/refusals.ts'
import { VirtualClock } from '../discovery/virtual-clock.ts'

/** How a source behaves. `lies`: after so many items it gives other bytes. */
type Behaviour =
  | { readonly kind: 'gives'; readonly itemMs: number }
  | { readonly kind: 'silent' }
  | { readonly kind: 'lies'; readonly itemMs: number; readonly after: number }
  | { readonly kind: 'dies'; readonly itemMs: number; readonly after: number }
  | { readonly kind: 'lacks' }

interface Seen {
  readonly result: Refusal | null
  readonly stored: ReadonlyMap<number, Uint8Array>
  readonly puts: number
  readonly asked: ReadonlyMap<PeerName, number>
  readonly lies: ReadonlyMap<PeerName, number>
  readonly mostOpen: number
  readonly mostOfOne: number
  readonly tookMs: number
}

const bytesOf = (item: number): Uint8Array => Uint8Array.of(item, item >> 8, 7)

/** A transfer in virtual time; each source gives one item after the other. */
async function run(
  clock: VirtualClock,
  items: number,
  behaviours: readonly Behaviour[],
  options: { putMs?: number; pace?: Pace; signal?: AbortSignal } = {},
): Promise<Seen> {
  const names = behaviours.map((_, index) => `peer-${index}`)
  const stored = new Map<number, Uint8Array>()
  const count = (map: Map<PeerName, number>, name: PeerName): number => {
    map.set(name, (map.get(name) ?? 0) + 1)
    return map.get(name)!
  }
  const [asked, lies, given] = [new Map<PeerName, number>(), new Map<PeerName, number>(), new Map<PeerName, number>()]
  const open = new Map<PeerName, number>()
  const freeAtMs = new Map<PeerName, number>()
  let [puts, mostOpen, mostOfOne] = [0, 0, 0]
  const after = (ms: number, signal: AbortSignal | null): Promise<'then' | 'aborted'> =>
    new Promise(resolve => {
      const cancel = clock.after(ms, () => resolve('then'))
      signal?.addEventListener('abort', () => {
        cancel()
        resolve('aborted')
      })
    })
  const answer = async (name: PeerName, item: number, signal: AbortSignal): Promise<Uint8Array | Refusal> => {
    const behaviour = behaviours[names.indexOf(name)]!
    if (behaviour.kind === 'lacks') return refuse('unknown-item')
    const isDead = behaviour.kind === 'dies' && (given.get(name) ?? 0) >= behaviour.after
    if (behaviour.kind === 'silent' || isDead) {
      return refuse((await after(REQUEST_TIMEOUT_MS, signal)) === 'then' ? 'timed-out' : 'aborted')
    }
    const atMs = Math.max(clock.nowMs(), freeAtMs.get(name) ?? 0) + behaviour.itemMs
    freeAtMs.set(name, atMs)
    if ((await after(Math.min(REQUEST_TIMEOUT_MS, atMs - clock.nowMs()), signal)) === 'aborted')
      return refuse('aborted')
    if (clock.nowMs() < atMs) return refuse('timed-out')
    const number = count(given, name)
    if (behaviour.kind === 'lies' && number > behaviour.after) {
      count(lies, name)
      return refuse('wrong-hash')
    }
    return bytesOf(item)
  }
  const startMs = clock.nowMs()
  const result = await transfer({
    clock,
    pace: options.pace ?? new Pace(null),
    sources: names,
    items: Array.from({ length: items }, (_, index) => index),
    bytesOf: () => 3,
    async ask(name, item, signal) {
      count(asked, name)
      open.set(name, (open.get(name) ?? 0) + 1)
      mostOpen = Math.max(
        mostOpen,
        [...open.values()].reduce((sum, one) => sum + one),
      )
      mostOfOne = Math.max(mostOfOne, open.get(name)!)
      try {
        return await answer(name, item, signal)
      } finally {
        open.set(name, open.get(name)! - 1)
      }
    },
    async put(item, bytes) {
      if (options.putMs !== undefined) await after(options.putMs, null)
      puts++
      stored.set(item, bytes)
    },
    signal: options.signal,
  })
  return { result, stored, puts, asked, lies, mostOpen, mostOfOne, tookMs: clock.nowMs() - startMs }
}

/** Lets virtual time pass until the promise settles. */
async function settled<T>(clock: VirtualClock, promise: Promise<T>, limitMs = 3_600_000): Promise<T> {
  let isOver = false
  const over = promise.finally(() => {
    isOver = true
  })
  over.catch(() => undefined)
  for (let ms = 0; !isOver && ms < limitMs; ms += 500) await clock.advance(500)
  expect(isOver, `not over after ${limitMs} ms`).to.equal(true)
  return over
}

const behaviour: fc.Arbitrary<Behaviour> = fc.oneof(
  fc.record({ kind: fc.constant('gives' as const), itemMs: fc.integer({ min: 1, max: 3_000 }) }),
  fc.constant({ kind: 'silent' as const }),
  fc.record({
    kind: fc.constantFrom('lies' as const, 'dies' as const),
    itemMs: fc.integer({ min: 1, max: 3_000 }),
    after: fc.integer({ min: 0, max: 4 }),
  }),
  fc.constant({ kind: 'lacks' as const }),
)

describe('protocols/state: a transfer from several sources', () => {
  let clock: VirtualClock

  beforeEach(() => {
    clock = new VirtualClock()
  })

  it('ends with the right bytes from any mix that holds one honest source, else with a refusal; a lie costs one item', async () => {
    const mixes = fc.tuple(fc.integer({ min: 0, max: 20 }), fc.array(behaviour, { maxLength: 7 }))
    await fc.assert(
      fc.asyncProperty(mixes, async ([items, behaviours]) => {
        const time = new VirtualClock()
        const seen = await settled(time, run(time, items, behaviours))
        if (items === 0 || behaviours.some(({ kind }) => kind === 'gives')) expect(seen.result).to.equal(null)
        if (seen.result === null) {
          expect([...seen.stored.keys()].sort((a, b) => a - b)).to.deep.equal(
            Array.from({ length: items }, (_, i) => i),
          )
        } else {
          expect(isRefusal(seen.result)).to.equal(true)
        }
        for (const [item, bytes] of seen.stored) expect(bytes).to.deep.equal(bytesOf(item))
        expect(seen.puts).to.equal(seen.stored.size)
        for (const lies of seen.lies.values()) expect(lies).to.equal(1)
        expect(seen.mostOpen).to.be.at.most(2 * OPEN_REQUESTS_AT_MOST)
        expect(seen.mostOfOne).to.be.at.most(PARALLEL_REQUESTS)
        expect(time.timers).to.equal(0)
      }),
      { numRuns: 200 },
    )
  }).timeout(30_000)

  it('asks a source that has given nothing yet for one item only', async () => {
    const seen = await settled(
      clock,
      run(clock, 40, [{ kind: 'lies', itemMs: 10, after: 0 }, { kind: 'silent' }, { kind: 'gives', itemMs: 10 }]),
    )
    expect(seen.result).to.equal(null)
    expect(seen.asked.get('peer-0')).to.equal(1)
    expect(seen.asked.get('peer-1')).to.equal(1)
  })

  it('follows the sources speed', async () => {
    const seen = await settled(
      clock,
      run(clock, 120, [
        { kind: 'gives', itemMs: 10 },
        { kind: 'gives', itemMs: 50 },
      ]),
    )
    // 100 and 20 would be exact.
    expect(seen.asked.get('peer-0')).to.be.within(90, 105)
    expect(seen.tookMs).to.be.at.most(1_100)
  })

  it('is faster from three equal sources than from one', async () => {
    const one: Behaviour = { kind: 'gives', itemMs: 30 }
    const alone = await settled(clock, run(clock, 90, [one]))
    const three = await settled(clock, run(clock, 90, [one, one, one]))
    expect(three.tookMs).to.be.at.most(0.4 * alone.tookMs)
  })

  for (const [name, last] of [
    ['silent', { kind: 'silent' }],
    ['slow', { kind: 'gives', itemMs: 9_000 }],
    ['dying', { kind: 'dies', itemMs: 10, after: 5 }],
  ] as const) {
    it(`does not wait for a ${name} source at the end`, async () => {
      const seen = await settled(clock, run(clock, 30, [{ kind: 'gives', itemMs: 20 }, last]))
      expect(seen.result).to.equal(null)
      expect(seen.tookMs).to.be.at.most(1_500)
    })
  }

  it('asks nobody twice for the same at the end where nobody would be faster', async () => {
    const seen = await settled(
      clock,
      run(clock, 60, [
        { kind: 'gives', itemMs: 20 },
        { kind: 'gives', itemMs: 20 },
      ]),
    )
    const asked = [...seen.asked.values()].reduce((sum, one) => sum + one)
    expect(asked).to.be.at.most(62)
  })

  it('asks no faster than its pace, nor than the items are put away', async () => {
    const fast: Behaviour[] = Array.from({ length: 3 }, () => ({ kind: 'gives', itemMs: 1 }))
    const paced = await settled(clock, run(clock, 30, fast, { pace: new Pace(30) }))
    expect(paced.tookMs).to.be.within(2_900, 3_100)
    const slowDisk = await settled(clock, run(clock, 100, fast, { putMs: 500 }))
    expect(slowDisk.mostOpen).to.be.at.most(OPEN_REQUESTS_AT_MOST)
    expect(slowDisk.tookMs).to.be.at.least((100 / (3 * PARALLEL_REQUESTS)) * 500)
  })

  it('tells of a sink that fails, with nothing under way afterwards', async () => {
    const failing = transfer({
      clock,
      pace: new Pace(null),
      sources: ['a', 'b'],
      items: [0, 1, 2],
      bytesOf: () => 1,
      ask: async () => Uint8Array.of(1),
      put: () => Promise.reject(new Error('the disk is full')),
      signal: undefined,
    })
    const error = await failing.then(
      () => null,
      (cause: unknown) => cause,
    )
    expect(error).to.be.an('error').with.property('message', 'the disk is full')
    expect(clock.timers).to.equal(0)
  })

  it('stops when it is cancelled', async () => {
    const controller = new AbortController()
    const done = run(clock, 5, [{ kind: 'silent' }, { kind: 'gives', itemMs: 5_000 }], { signal: controller.signal })
    await clock.advance(100)
    controller.abort()
    expect((await done).result).to.include({ refused: 'aborted' })
    expect(clock.timers).to.equal(0)
  })
})
