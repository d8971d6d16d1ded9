import { expect } from 'chai'
import { Transfers, type Urgency } from '../../../protocols/reduce/transfers.ts'

interface Job {
  readonly name: string
  finish(): Promise<unknown>
}

/** Transfers whose tasks end when they are told to. */
function harness(limits: { perPeer: number; total: number; waiting: number }) {
  const transfers = new Transfers(limits)
  const started: string[] = []
  const run = (peer: string, name: string, urgency: Urgency = 'ahead', signal?: AbortSignal): Job => {
    let finish = (): void => {}
    const done = new Promise<void>(resolve => {
      finish = resolve
    })
    const result = transfers.run(peer, urgency, signal, async () => {
      started.push(name)
      await done
      return name
    })
    return {
      name,
      finish: () => {
        finish()
        return result
      },
    }
  }
  return { transfers, started, run }
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

describe('protocols/reduce: transfers', () => {
  it('runs a few for each peer and a few in all', async () => {
    const { started, run } = harness({ perPeer: 2, total: 3, waiting: 10 })
    const jobs = ['a1', 'a2', 'a3', 'b1', 'b2'].map(name => run(name[0]!, name))
    await turn()
    expect(started).to.deep.equal(['a1', 'a2', 'b1'])
    await jobs[0]!.finish()
    await turn()
    expect(started).to.have.length(4)
  })

  it('gives peers turns, however much one of them has waiting', async () => {
    const { started, run } = harness({ perPeer: 1, total: 1, waiting: 10 })
    const jobs = ['a1', 'a2', 'a3', 'b1', 'c1'].map(name => run(name[0]!, name))
    const byName = new Map(jobs.map(job => [job.name, job]))
    for (let index = 0; index < jobs.length; index++) {
      await turn()
      await byName.get(started[index]!)!.finish()
    }
    // The first had no rivals when they came; then everybody has a turn before somebody has another.
    expect(started).to.deep.equal(['a1', 'a2', 'b1', 'c1', 'a3'])
  })

  it('lets what is awaited go before what is sent ahead', async () => {
    const { started, run } = harness({ perPeer: 1, total: 1, waiting: 10 })
    const first = run('a', 'a1')
    run('b', 'b1')
    run('c', 'c1', 'awaited')
    await first.finish()
    await turn()
    expect(started).to.deep.equal(['a1', 'c1'])
  })

  it('refuses what does not fit in its queue and what is cancelled, and forgets idle peers', async () => {
    const { transfers, run } = harness({ perPeer: 1, total: 1, waiting: 1 })
    const controller = new AbortController()
    const first = run('a', 'a1')
    await turn()
    const second = run('b', 'b1', 'ahead', controller.signal)
    const third = run('c', 'c1')
    expect(await third.finish()).to.include({ refused: 'overloaded' })
    controller.abort()
    expect(await second.finish()).to.include({ refused: 'aborted' })
    expect(transfers.waiting).to.equal(0)
    await first.finish()
    expect(transfers.running).to.equal(0)
  })
})
