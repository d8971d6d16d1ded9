import { expect } from 'chai'
import {
  type Answer,
  DEFAULT_WORK_LIMITS,
  isSaidAgain,
  step,
  takeParked,
  type WorkEffect,
  type WorkInput,
  type WorkLimits,
  type WorkState,
} from '../../../consensus/routing/index.ts'
import { startedMachine, waitingMachine } from './fixtures.ts'

const limited = (limits: Partial<WorkLimits>): WorkState =>
  startedMachine({ limits: { ...DEFAULT_WORK_LIMITS, ...limits } })

function forward(sequence: number, change: Partial<Extract<WorkInput, { type: 'forward' }>> = {}): WorkInput {
  const from = change.from ?? 'a0'
  const id = { round: 5, source: from, sequence }
  const tensor = `in${sequence}`
  return { type: 'forward', from, id, path: [from], tensor, statistics: null, settledBelow: 0, ...change }
}

function backward(sequence: number, change: Partial<Extract<WorkInput, { type: 'backward' }>> = {}): WorkInput {
  const id = { round: 5, source: 'a0', sequence }
  const header = new Uint8Array(32)
  const path = ['a0', 'b0', 'c0']
  const tensor = `grad${sequence}`
  return { type: 'backward', from: 'c0', id, path, tensor, statistics: null, header, lossMicronats: 1, ...change }
}

function take(state: WorkState, input: WorkInput): readonly WorkEffect[] {
  return step(state, input, 0).effects
}

function answerTo(state: WorkState, input: WorkInput): Answer | undefined {
  return take(state, input).find(effect => effect.type === 'answer')?.answer
}

function released(effects: readonly WorkEffect[]): string[] {
  return effects.flatMap(effect => (effect.type === 'release' ? [effect.tensor] : []))
}

/** Computes what was queued; the results are named after the micro-batch. */
function compute(state: WorkState, sequence: number, tensor: string): readonly WorkEffect[] {
  return take(state, { type: 'computed', key: `a0/${sequence}`, tensor, lossMicronats: 0 })
}

/** Through this stage and back, with the gradient accepted by the source. */
function finish(state: WorkState, sequence: number): void {
  take(state, forward(sequence))
  compute(state, sequence, `out${sequence}`)
  take(state, backward(sequence))
  const sent = compute(state, sequence, `result${sequence}`).find(effect => effect.type === 'send')
  take(state, { type: 'answered', transfer: sent?.transfer ?? 0, outcome: { kind: 'accepted' } })
}

describe('routing: the door of the work machine', () => {
  const refusals: readonly [string, WorkInput, string][] = [
    ['an older round', forward(0, { id: { round: 4, source: 'a0', sequence: 0 } }), 'stale-round'],
    ['a round after the next', forward(0, { id: { round: 7, source: 'a0', sequence: 0 } }), 'future-round'],
    ['a sequence beyond the quota', forward(100), 'out-of-bounds'],
    ['a sequence that is no integer', forward(0.5), 'out-of-bounds'],
    ['a source without a seat', forward(0, { from: 'x' }), 'no-seat'],
    ['a path that skips its sender', forward(0, { path: ['a1'] }), 'not-allowed'],
    ['a path of another length', forward(0, { path: ['a0', 'b1'] }), 'not-allowed'],
    ['a gradient of nothing that was sent', backward(0), 'unknown-item'],
  ]
  for (const [what, input, reason] of refusals) {
    it(`refuses ${what} and lets go of the tensor`, () => {
      const effects = take(startedMachine(), input)
      expect(effects.find(effect => effect.type === 'answer')?.answer).to.deep.equal({
        kind: 'refused',
        refusal: { refused: reason },
      })
      expect(released(effects)).to.have.length(1)
    })
  }

  it('refuses more of other lanes than it could commit, while it has too few of its own', () => {
    const state = startedMachine({ countMax: 2 })
    const stray = (sequence: number) => answerTo(state, forward(sequence, { from: 'a1' }))
    expect([stray(0), stray(1)]).to.deep.equal([{ kind: 'accepted' }, { kind: 'accepted' }])
    expect(stray(2)).to.deep.equal({ kind: 'refused', refusal: { refused: 'overloaded' } })
    expect(stray(1), 'one that it has').to.deep.equal({ kind: 'accepted' })
    expect(answerTo(state, forward(0)), 'its own lane').to.deep.equal({ kind: 'accepted' })
    expect(stray(3), 'its own are enough now, the others are left out').to.deep.equal({ kind: 'accepted' })
  })

  it('answers a repeated forward alike and keeps one tensor', () => {
    const state = startedMachine()
    expect(answerTo(state, forward(0))).to.deep.equal({ kind: 'accepted' })
    const again = take(state, forward(0, { tensor: 'copy' }))
    expect(again.find(effect => effect.type === 'answer')?.answer).to.deep.equal({ kind: 'accepted' })
    expect(released(again)).to.deep.equal(['copy'])
  })

  it('sends the gradient again to a sender that asks again, without computing', () => {
    const state = startedMachine()
    finish(state, 0)
    const again = take(state, forward(0, { tensor: 'copy' }))
    expect(again.find(effect => effect.type === 'send')).to.include({
      direction: 'backward',
      tensor: 'result0',
      to: 'a0',
    })
    expect(again.some(effect => effect.type === 'compute')).to.equal(false)
  })

  it('says BUSY above the queue, and to other lanes above half of it', () => {
    const state = limited({ queue: 4, computing: 1 })
    expect(answerTo(state, forward(0))).to.deep.equal({ kind: 'accepted' })
    expect(answerTo(state, forward(1))).to.deep.equal({ kind: 'accepted' })
    expect(answerTo(state, forward(2))).to.deep.equal({ kind: 'accepted' })
    expect(answerTo(state, forward(0, { from: 'a1' }))).to.deep.equal({ kind: 'busy' })
    expect(answerTo(state, forward(3))).to.deep.equal({ kind: 'accepted' })
    expect(answerTo(state, forward(4))).to.deep.equal({ kind: 'accepted' })
    expect(answerTo(state, forward(5))).to.deep.equal({ kind: 'busy' })
  })

  it('forgets what has been finished longest to make room, and never what is under way', () => {
    const state = limited({ held: 2 })
    finish(state, 0)
    take(state, forward(1))
    expect(released(take(state, forward(2)))).to.deep.equal(['in0', 'result0'])
    expect(answerTo(state, forward(3))).to.deep.equal({ kind: 'busy' })
  })

  it('forgets what the source says is settled', () => {
    const state = startedMachine()
    finish(state, 0)
    expect(released(take(state, forward(1, { settledBelow: 1 })))).to.deep.equal(['in0', 'result0'])
  })

  it('parks the next round up to a bound, then says WAIT, and takes it up when that round starts', () => {
    const state = limited({ parked: 2 })
    const next = (sequence: number) => forward(sequence, { id: { round: 6, source: 'a0', sequence } })
    expect(answerTo(state, next(0))).to.deep.equal({ kind: 'parked', round: 5 })
    expect(answerTo(state, next(1))).to.deep.equal({ kind: 'parked', round: 5 })
    expect(answerTo(state, next(1))).to.deep.equal({ kind: 'parked', round: 5 })
    expect(answerTo(state, next(2))).to.deep.equal({ kind: 'wait', round: 5 })
    take(state, { type: 'over' })
    const later = waitingMachine({ round: 6 })
    const effects = take(later, { type: 'start', parked: takeParked(state) })
    expect(effects.filter(effect => effect.type === 'compute')).to.have.length(2)
    expect(takeParked(state)).to.deep.equal([])
  })

  it('gives back what was parked for a round that it never reached in time', () => {
    const state = startedMachine()
    take(state, forward(0, { id: { round: 6, source: 'a0', sequence: 0 } }))
    const effects = take(waitingMachine({ round: 8 }), { type: 'start', parked: takeParked(state) })
    expect(released(effects)).to.deep.equal(['in0'])
    expect(effects.find(effect => effect.type === 'abandon')).to.include({ to: 'a0' })
  })

  it('takes a gradient only from a hop that it sent to, along the path that it knows', () => {
    const state = startedMachine()
    take(state, forward(0))
    compute(state, 0, 'out0')
    const wrong = { kind: 'refused', refusal: { refused: 'not-allowed' } }
    expect(answerTo(state, backward(0, { from: 'c1', path: ['a0', 'b0', 'c1'] }))).to.deep.equal(wrong)
    expect(answerTo(state, backward(0, { path: ['a1', 'b0', 'c0'] }))).to.deep.equal(wrong)
    expect(answerTo(state, backward(0, { path: ['a0', 'b1', 'c0'] }))).to.deep.equal(wrong)
    expect(answerTo(state, backward(0))).to.deep.equal({ kind: 'accepted' })
    expect(answerTo(state, backward(0))).to.deep.equal({ kind: 'accepted' })
  })

  it('uses one gradient only when two hops finish the same micro-batch', () => {
    const state = startedMachine()
    take(state, { type: 'pipeline-ready' })
    take(state, forward(0))
    compute(state, 0, 'out0')
    take(state, { type: 'timer', id: 'job/a0/0' })
    expect(answerTo(state, backward(0))).to.deep.equal({ kind: 'accepted' })
    const second = backward(0, { from: 'c1', path: ['a0', 'b0', 'c1'] })
    expect(answerTo(state, second)).to.deep.equal({ kind: 'refused', refusal: { refused: 'duplicate' } })
  })

  it('stops taking forwards at the close', () => {
    const state = startedMachine()
    take(state, { type: 'closed', isReached: true })
    expect(answerTo(state, forward(0))).to.deep.equal({ kind: 'refused', refusal: { refused: 'stale-round' } })
  })

  it('starts the round’s time once, when every stage is there', () => {
    const state = startedMachine()
    const timers = [1, 2].map(() => take(state, { type: 'pipeline-ready' }).filter(({ type }) => type === 'timer'))
    expect(timers).to.deep.equal([[{ type: 'timer', id: 'round', delayMs: 10_000 }], []])
  })

  it('holds nobody for late before every stage is there, and gives what was sent its time from then on', () => {
    const state = startedMachine()
    take(state, forward(0))
    compute(state, 0, 'out0')
    const waits = take(state, { type: 'timer', id: 'job/a0/0' })
    expect(waits.map(({ type }) => type)).to.deep.equal(['timer'])
    expect(state.pace.late.size).to.equal(0)
    const begun = take(state, { type: 'pipeline-ready' }).find(
      effect => effect.type === 'timer' && effect.id !== 'round',
    )
    expect(begun).to.deep.equal({ type: 'timer', id: 'job/a0/0', delayMs: 200 })
    expect(take(state, { type: 'timer', id: 'job/a0/0' }).find(({ type }) => type === 'send')).to.include({ to: 'c1' })
    expect([...state.pace.late]).to.deep.equal(['c0'])
  })

  it('is patient with a hop that parked, once every stage is there', () => {
    const state = startedMachine()
    take(state, forward(0))
    const sent = compute(state, 0, 'out0').find(effect => effect.type === 'send')
    const outcome = { kind: 'parked', round: 4 } as const
    take(state, { type: 'answered', transfer: sent?.transfer ?? 0, outcome })
    const begun = take(state, { type: 'pipeline-ready' })
    expect(begun).to.deep.include({ type: 'timer', id: 'job/a0/0', delayMs: 200 + 10_000 / 4 })
  })

  it('adds nothing after ready-to-commit, and waits for what the engine is adding', () => {
    const state = startedMachine()
    take(state, forward(0))
    compute(state, 0, 'out0')
    take(state, backward(0))
    take(state, { type: 'closed', isReached: true })
    const drained = take(state, { type: 'timer', id: 'drain' })
    expect(drained.some(effect => effect.type === 'ready-to-commit')).to.equal(false)
    const ready = compute(state, 0, 'result0').find(effect => effect.type === 'ready-to-commit')
    expect(ready?.lane.count).to.equal(1)
    expect(answerTo(state, backward(0, { from: 'c0' }))).to.have.property('kind', 'refused')
  })

  it('re-routes at once when a hop gives up', () => {
    const state = startedMachine()
    take(state, forward(0))
    compute(state, 0, 'out0')
    const id = { round: 5, source: 'a0', sequence: 0 }
    const effects = take(state, { type: 'abandoned', from: 'c0', id })
    expect(effects.find(effect => effect.type === 'send')).to.include({ to: 'c1', tensor: 'out0' })
    expect(take(state, { type: 'abandoned', from: 'c0', id })).to.deep.equal([])
  })

  it('sends what leaves its lane to the next lane, or to one whose own sender is away or was silent', () => {
    const next = (absent: 'a disconnected sibling' | 'a silent sibling' | 'nobody'): string | undefined => {
      const state = startedMachine({ silent: absent === 'a silent sibling' ? ['b2'] : [] })
      if (absent === 'a disconnected sibling') take(state, { type: 'reachable', peer: 'b2', reachable: false })
      take(state, { type: 'reachable', peer: 'c0', reachable: false })
      take(state, forward(0))
      return compute(state, 0, 'out0').find(effect => effect.type === 'send')?.to
    }
    expect(next('nobody')).to.equal('c1')
    expect(next('a disconnected sibling')).to.equal('c2')
    expect(next('a silent sibling')).to.equal('c2')
  })

  it('passes a failed computation on to a sibling of its own', () => {
    const state = startedMachine()
    take(state, forward(0))
    const effects = take(state, { type: 'compute-failed', key: 'a0/0' })
    expect(effects.find(effect => effect.type === 'abandon')).to.include({ to: 'a0' })
    expect(released(effects)).to.deep.equal(['in0'])
  })

  it('computes nothing before the round starts, and takes it up then', () => {
    const state = waitingMachine()
    expect(take(state, forward(0)).map(effect => effect.type)).to.deep.equal(['answer'])
    expect(take(state, { type: 'start', parked: [] }).map(effect => effect.type)).to.include('compute')
    expect(() => take(state, { type: 'start', parked: [] })).to.throw('was started before')
  })

  it('needs a seat', () => {
    expect(() => waitingMachine({ self: 'stranger' })).to.throw(RangeError)
  })

  it('need not hear again what changes nothing: after the close, or where there is no micro-batch', () => {
    const state = startedMachine()
    const again = () => [isSaidAgain(state, 'pipeline-ready'), isSaidAgain(state, 'closed')]
    expect(again()).to.deep.equal([false, false])
    take(state, { type: 'pipeline-ready' })
    expect(again()).to.deep.equal([true, false])
    take(state, forward(0))
    // Copies may be due.
    expect(again()).to.deep.equal([false, false])
    take(state, { type: 'closed', isReached: false })
    expect(again()).to.deep.equal([true, true])
    const before = structuredClone(state.jobs)
    expect(step(state, { type: 'pipeline-ready' }, 50).effects).to.deep.equal([])
    expect(step(state, { type: 'closed', isReached: false }, 60).effects).to.deep.equal([])
    expect(state.jobs).to.deep.equal(before)
    // It does not stand for another input.
    expect(isSaidAgain(state, 'over')).to.equal(false)
  })
})
