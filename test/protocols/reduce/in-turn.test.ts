import { expect } from 'chai'
import { askInTurn } from '../../../protocols/reduce/in-turn.ts'
import { PullPatience } from '../../../protocols/reduce/patience.ts'
import type { PeerName } from '../../../protocols/wire/messages.ts'
import { type Refusal, refuse } from '../../../protocols/wire/refusals.ts'
import { VirtualClock } from '../discovery/virtual-clock.ts'

/** What each peer does: says this after so long; null: never, until it is told to stop. */
async function play(
  peers: Readonly<Record<PeerName, { readonly afterMs: number; readonly says: string | Refusal } | null>>,
  { patienceMs = 100, sends = true, signal }: { patienceMs?: number; sends?: boolean; signal?: AbortSignal } = {},
): Promise<{ given: string | Refusal; atMs: number; asked: string[]; stopped: string[] }> {
  const clock = new VirtualClock()
  const asked: string[] = []
  const stopped: string[] = []
  let atMs = -1
  const running = askInTurn<string>({
    peers: Object.keys(peers),
    clock,
    patienceMs: () => patienceMs,
    ...(signal === undefined ? {} : { signal }),
    ask: (peer, either, sent) => {
      asked.push(`${peer}@${clock.nowMs()}`)
      if (sends) sent()
      const plan = peers[peer] ?? null
      return new Promise(resolve => {
        either.addEventListener('abort', () => {
          stopped.push(peer)
          resolve(refuse('aborted'))
        })
        if (plan !== null) clock.after(plan.afterMs, () => resolve(plan.says))
      })
    },
  }).then(given => {
    atMs = clock.nowMs()
    return given
  })
  await clock.advance(10_000)
  return { given: await running, atMs, asked, stopped }
}

describe('protocols/reduce: asking in turn', () => {
  const NOTHING = refuse('unknown-item')

  it('asks one after the other while they answer', async () => {
    const { given, asked } = await play({
      a: { afterMs: 10, says: NOTHING },
      b: { afterMs: 10, says: 'bytes' },
      c: { afterMs: 10, says: 'bytes' },
    })
    expect(given).to.equal('bytes')
    expect(asked).to.deep.equal(['a@0', 'b@10'])
  })

  it('asks the next beside one that is silent, takes what comes first, and stops the other', async () => {
    const { given, atMs, asked, stopped } = await play({ a: null, b: { afterMs: 20, says: 'bytes' }, c: null })
    expect(given).to.equal('bytes')
    expect(atMs).to.equal(120)
    expect(asked).to.deep.equal(['a@0', 'b@100'])
    expect(stopped).to.include('a')
  })

  it('takes what a silent one says after all', async () => {
    const { given, atMs, asked } = await play({ a: { afterMs: 150, says: 'late' }, b: null, c: null })
    expect(given).to.equal('late')
    expect(atMs).to.equal(150)
    expect(asked).to.deep.equal(['a@0', 'b@100'])
  })

  it('waits for all that were asked, whoever is the last to refuse', async () => {
    const last = refuse('timed-out')
    const slow = { afterMs: 500, says: last }
    for (const peers of [
      { a: slow, b: { afterMs: 10, says: NOTHING } },
      { a: { afterMs: 10, says: NOTHING }, b: slow },
    ]) {
      const { given, atMs } = await play(peers)
      expect(given).to.deep.equal(last)
      expect(atMs).to.be.within(500, 510)
    }
    expect((await play({})).given).to.include({ refused: 'unknown-item' })
  })

  it('has no less patience with one whose turn has not come here', async () => {
    const { asked } = await play({ a: { afterMs: 900, says: 'bytes' }, b: null }, { sends: false })
    expect(asked).to.deep.equal(['a@0'])
  })

  it('asks nobody more once it was stopped', async () => {
    const { given, asked } = await play({ a: null, b: null }, { signal: AbortSignal.abort() })
    expect(given).to.include({ refused: 'aborted' })
    expect(asked).to.deep.equal([])
  })
})

describe('protocols/reduce: patience with a holder', () => {
  it('follows the slowest of the last pulls, within a tenth and half of a transfer’s time', () => {
    const patience = new PullPatience(5_000)
    expect(patience.ms).to.equal(1_250)
    patience.note(10)
    expect(patience.ms).to.equal(500)
    patience.note(1_000)
    expect(patience.ms).to.equal(1_500)
    patience.note(4_000)
    expect(patience.ms).to.equal(2_500)
    for (let pull = 0; pull < 16; pull++) patience.note(600)
    expect(patience.ms).to.be.closeTo(900, 1e-9)
  })
})
