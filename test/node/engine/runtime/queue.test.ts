import { expect } from 'chai'
import { Dispatcher } from '../../../../node/engine/runtime/dispatcher.ts'
import { EngineError } from '../../../../node/engine/runtime/errors.ts'
import type { Executor, JobKind, JobRequest, JobResult } from '../../../../node/engine/runtime/jobs.ts'
import { PriorityQueue } from '../../../../node/engine/runtime/queue.ts'

/** Records what was started, and ends a job only when told to. */
class HeldExecutor implements Executor {
  readonly started: JobKind[] = []
  readonly #finish: (() => void)[] = []

  async run<K extends JobKind>(kind: K, _request: JobRequest<K>, signal?: AbortSignal): Promise<JobResult<K>> {
    this.started.push(kind)
    await new Promise<void>(resolve => this.#finish.push(resolve))
    signal?.throwIfAborted()
    throw new EngineError('internal', `${kind} has no result here`)
  }

  /** Ends the oldest running job, and lets the next one start. */
  async finish(): Promise<void> {
    this.#finish.shift()?.()
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
  }

  async dispose(): Promise<void> {
    while (this.#finish.length > 0) await this.finish()
  }
}

const bytes = new Uint8Array(4)

async function codeOf(job: Promise<unknown>): Promise<unknown> {
  try {
    await job
  } catch (error) {
    return error instanceof EngineError ? error.code : error
  }
  return 'resolved'
}

describe('job queue', () => {
  it('gives the lowest priority number first, and the oldest among equals', () => {
    const queue = new PriorityQueue<string>(3, 10)
    for (const [priority, item] of [
      [2, 'a'],
      [0, 'b'],
      [2, 'c'],
      [0, 'd'],
      [1, 'e'],
    ] as const)
      queue.push(priority, item)
    expect(queue.remove('c')).to.equal(true)
    expect(queue.remove('c')).to.equal(false)
    expect(Array.from({ length: 5 }, () => queue.shift())).to.deep.equal(['b', 'd', 'e', 'a', undefined])
    expect(queue.size).to.equal(0)
  })

  it('takes no more than its limit', () => {
    const queue = new PriorityQueue<number>(1, 2)
    expect([1, 2, 3].map(item => queue.push(0, item))).to.deep.equal([true, true, false])
    expect(() => queue.push(1, 4)).to.throw(RangeError)
  })

  it('lets what decides a round overtake tensors, and a backward a forward', async () => {
    const executor = new HeldExecutor()
    const jobs = new Dispatcher(executor, { window: 1 })
    const all = [
      jobs.run('forward', { input: bytes }),
      jobs.run('forward', { input: bytes }),
      jobs.run('backward', { input: bytes, outputGradient: bytes, into: 'lane' }),
      jobs.run('aggregate', { partition: 0, inputs: [bytes] }),
      jobs.run('promote', { adoptMomentum: false }),
    ].map(codeOf)
    for (let job = 0; job < 5; job++) await executor.finish()
    await Promise.all(all)
    expect(executor.started).to.deep.equal(['forward', 'aggregate', 'promote', 'backward', 'forward'])
  })

  it('refuses jobs beyond its depth with a typed error', async () => {
    const executor = new HeldExecutor()
    const jobs = new Dispatcher(executor, { window: 1, limit: 2 })
    const kept = [1, 2, 3].map(() => codeOf(jobs.run('fullRoot', null)))
    expect(await codeOf(jobs.run('fullRoot', null))).to.equal('queue-full')
    await jobs.dispose()
    expect(await Promise.all(kept)).to.deep.equal(['internal', 'disposed', 'disposed'])
  })

  it('drops a queued job on abort, and passes the signal to one that runs', async () => {
    const executor = new HeldExecutor()
    const jobs = new Dispatcher(executor, { window: 1 })
    const [first, second] = [new AbortController(), new AbortController()]
    const running = codeOf(jobs.run('logits', { input: bytes }, first.signal))
    const queued = codeOf(jobs.run('logits', { input: bytes }, second.signal))
    second.abort('no longer wanted')
    expect(await queued).to.equal('no longer wanted')
    first.abort('too late to drop')
    await executor.finish()
    expect(await running).to.equal('too late to drop')
    expect(executor.started).to.have.length(1)
    expect(await codeOf(jobs.run('logits', { input: bytes }, first.signal))).to.equal('too late to drop')
  })

  it('rejects all that waits, and all that comes, once ended', async () => {
    const executor = new HeldExecutor()
    const jobs = new Dispatcher(executor, { window: 1 })
    const all = [1, 2].map(() => codeOf(jobs.run('fullRoot', null)))
    jobs.end(new EngineError('worker-died', 'test'))
    await executor.finish()
    expect(await Promise.all(all)).to.deep.equal(['internal', 'worker-died'])
    expect(await codeOf(jobs.run('fullRoot', null))).to.equal('worker-died')
  })
})
