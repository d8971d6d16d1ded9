import { expect } from 'chai'
import fc from 'fast-check'
import { CLIP_DECAY, CLIP_MAX_NORMS } from '../../../consensus/routing/clip.ts'
import { type ClipState, clipFactor, createClip, endClipRound, observeNorm } from '../../../consensus/routing/index.ts'

function round(state: ClipState, norms: readonly number[]): ClipState {
  return endClipRound(norms.reduce(observeNorm, state))
}

describe('routing: clipping of backward tensors', () => {
  it('bounds every norm by twice the average of the medians', () => {
    const state = round(round(createClip(2), [1, 1, 1]), [3, 3, 3])
    // The second round's median counts for no more than the bound that held in it, twice the first's.
    const tau = 2 * (CLIP_DECAY * 1 + (1 - CLIP_DECAY) * 2)
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e30, noNaN: true }), norm => {
        expect(norm * clipFactor(state, norm)).to.be.at.most(tau * (1 + 1e-12))
        if (norm <= tau) expect(clipFactor(state, norm)).to.equal(1)
      }),
    )
  })

  it('is not moved by a minority of inflated norms', () => {
    const honest = round(createClip(2), [1, 1.1, 0.9, 1, 1])
    const attacked = round(createClip(2), [1, 1.1, 0.9, 1e30, 1e30])
    expect(clipFactor(attacked, 4) / clipFactor(honest, 4)).to.be.within(0.9, 1.2)
  })

  it('clips within the first round as soon as there are three norms', () => {
    const two = [1, 1].reduce(observeNorm, createClip(2))
    expect(clipFactor(two, 1e6)).to.equal(1)
    expect(clipFactor(observeNorm(two, 1e6), 1e6)).to.equal(2e-6)
  })

  it('keeps its average over a round without gradients, and a bounded number of norms', () => {
    const state = round(createClip(2), [5])
    expect(endClipRound(state)).to.equal(state)
    const many = Array.from({ length: CLIP_MAX_NORMS + 50 }, () => 1).reduce(observeNorm, state)
    expect(many.norms.length).to.equal(CLIP_MAX_NORMS)
  })

  it('treats a norm that is not finite as a bug: the door refuses such tensors', () => {
    expect(() => observeNorm(createClip(2), Number.NaN)).to.throw(RangeError)
    expect(() => observeNorm(createClip(2), Number.POSITIVE_INFINITY)).to.throw(RangeError)
    expect(() => createClip(0)).to.throw(RangeError)
  })
})
