import { expect } from 'chai'
import fc from 'fast-check'
import { aLittleIsEnough, largestHidden } from '../../../../simulations/attackers/gradient/a-little-is-enough.ts'
import { dataReplay } from '../../../../simulations/attackers/gradient/data-replay.ts'
import { fallOfEmpires } from '../../../../simulations/attackers/gradient/fall-of-empires.ts'
import {
  createMemory,
  findGradientAttack,
  GRADIENT_ATTACKS,
  parametersOf,
} from '../../../../simulations/attackers/gradient/index.ts'
import { innerProduct } from '../../../../simulations/attackers/gradient/inner-product.ts'
import { labelFlip } from '../../../../simulations/attackers/gradient/label-flip.ts'
import { mimic } from '../../../../simulations/attackers/gradient/mimic.ts'
import { notFinite } from '../../../../simulations/attackers/gradient/not-finite.ts'
import { normalQuantile } from '../../../../simulations/attackers/gradient/quantile.ts'
import { random } from '../../../../simulations/attackers/gradient/random.ts'
import { scaled } from '../../../../simulations/attackers/gradient/scaled.ts'
import { signFlip } from '../../../../simulations/attackers/gradient/sign-flip.ts'
import { slowPoisoning } from '../../../../simulations/attackers/gradient/slow-poisoning.ts'
import { dot, meanOf, norm } from '../../../../simulations/attackers/gradient/vectors.ts'
import { zero } from '../../../../simulations/attackers/gradient/zero.ts'
import { SeededRandom } from '../../../consensus/round/random.ts'
import { HONEST, knownParameters, lies, vector, viewOf } from './view.ts'

describe('attacks on learning: what each paper says', () => {
  it('sign flip reverses and enlarges the own gradient', () => {
    expect([...signFlip.forge(viewOf(signFlip))]).to.deep.equal([-10, 20, -30])
    expect([...signFlip.forge(viewOf(signFlip, {}, { factor: -1 }))]).to.deep.equal([-1, 2, -3])
  })

  it('scaled keeps the direction, zero has none', () => {
    expect([...scaled.forge(viewOf(scaled))]).to.deep.equal([1000, -2000, 3000])
    expect([...zero.forge(viewOf(zero))]).to.deep.equal([0, 0, 0])
  })

  it('random is Gaussian noise of the stated size around 0', () => {
    const own = new Float32Array(20_000).fill(0.5)
    const lie = random.forge(viewOf(random, { own }, { factor: 3 }))
    const mean = lie.reduce((sum, value) => sum + value, 0) / lie.length
    const within = lie.filter(value => Math.abs(value) < 1.5).length / lie.length
    // Standard error of the mean 0.011, of the deviation 0.0075, of the share within one deviation 0.0033.
    expect(mean).to.be.within(-0.05, 0.05)
    expect(norm(lie) / Math.sqrt(lie.length)).to.be.within(1.46, 1.54)
    expect(within).to.be.within(0.669, 0.697)
  })

  it('not-finite always has a value that the door refuses, and leaves the rest as it was', () => {
    const own = Float32Array.from({ length: 1000 }, (_, at) => at)
    const lie = notFinite.forge(viewOf(notFinite, { own }))
    const wrong = lie.filter(value => !Number.isFinite(value))
    expect(wrong.length).to.be.within(1, 40)
    expect(lie.every((value, at) => !Number.isFinite(value) || value === own[at])).to.equal(true)
    expect([...notFinite.forge(viewOf(notFinite, {}, { share: 0 }))].every(Number.isFinite)).to.equal(false)
  })

  it('IPM is -epsilon times the mean of the honest (ByzFL: tau 3 gives -12, -15, -18)', () => {
    expect([...innerProduct.forge(viewOf(innerProduct, {}, { epsilon: 3 }))]).to.deep.equal([-12, -15, -18])
    expect([...innerProduct.forge(viewOf(innerProduct))]).to.deep.equal([-2, -2.5, -3])
  })

  it('ALIE lies z deviations from the mean (ByzFL: tau 1.5 is 4.5 away from it)', () => {
    expect([...aLittleIsEnough.forge(viewOf(aLittleIsEnough))]).to.deep.equal([-0.5, 0.5, 1.5])
  })

  it("ALIE's z_max is the paper's: nothing in groups of four, 0.18 for 3 of 10, 0.34 for 12 of 50", () => {
    expect(largestHidden({ seats: 4, liars: 1 })).to.be.closeTo(-0.4307, 1e-4)
    expect(largestHidden({ seats: 10, liars: 3 })).to.be.closeTo(0.18, 1e-4)
    expect(largestHidden({ seats: 50, liars: 12 })).to.be.closeTo(0.336, 1e-3)
    const lie = aLittleIsEnough.forge(viewOf(aLittleIsEnough, { seats: 10, liars: 3 }, { z: 0 }))
    expect(lie[0]).to.be.closeTo(4 - 3 * 0.18, 1e-3)
  })

  it('the quantiles are those of the normal distribution', () => {
    for (const [probability, expected] of [
      [0.5, 0],
      [0.8413447460685429, 1],
      [0.975, 1.959963984540054],
      [0.01, -2.3263478740408408],
      [0.001, -3.090232306167814],
    ] as const) {
      expect(normalQuantile(probability)).to.be.closeTo(expected, 1e-8)
    }
    expect(normalQuantile(0)).to.equal(Number.NEGATIVE_INFINITY)
    expect(() => normalQuantile(1.1)).to.throw(RangeError)
  })

  it('Fall of Empires without a rule to try is (1 - nu) times the mean (ByzFL: tau 3 gives -8, -10, -12)', () => {
    expect([...fallOfEmpires.forge(viewOf(fallOfEmpires, {}, { nu: 3 }))]).to.deep.equal([-8, -10, -12])
  })

  it('Fall of Empires finds the nu that hurts the rule most', () => {
    const trimmed = viewOf(fallOfEmpires, { combine: trimOne })
    const lie = fallOfEmpires.forge(trimmed)
    const harm = (forged: Float32Array): number => distance(trimOne([forged, ...HONEST]), meanOf(HONEST))
    // No multiple of the mean on a fine grid moves the trimmed mean further.
    for (let nu = 0.25; nu <= 16; nu += 0.25) {
      expect(harm(meanOf(HONEST).map(value => (1 - nu) * value))).to.be.at.most(harm(lie) + 1e-5)
    }
    // The mean has no bound: the largest nu is the worst.
    const mean = fallOfEmpires.forge(viewOf(fallOfEmpires, { combine: meanOf }))
    expect(mean[0]).to.be.closeTo(4 * (1 - 16), 1e-3)
  })

  it('mimic copies the replica that stands out, and stays with its direction', () => {
    const odd = vector(0, 9, 0)
    const round = [vector(1, 0, 0), odd, vector(1, 0, 0.1), vector(1, 0.1, 0)]
    const told = lies(mimic, [round, round, round, round, round])
    expect(told.at(-1)).to.satisfy((lie: Float32Array) => round.some(each => distance(each, lie) === 0))
    const memory = createMemory()
    for (let at = 1; at <= 10; at++) mimic.forge(viewOf(mimic, { honest: round, memory, round: at }))
    const z = memory.vectors.get('mimic.z')!
    const spread = vector(-0.75, 6.725, -0.025)
    expect(Math.abs(dot(z, spread)) / norm(spread)).to.be.above(0.99)
    expect(norm(z)).to.be.closeTo(1, 1e-5)
  })

  it('mimic learns once a round, however many liars there are, and only for so many rounds', () => {
    const memory = createMemory()
    for (let at = 1; at <= 5; at++) {
      for (let liar = 0; liar < 3; liar++) mimic.forge(viewOf(mimic, { memory, round: at }, { learnRounds: 4 }))
    }
    expect(memory.numbers.get('mimic.steps')).to.equal(4)
  })

  it('label flip turns label l of V into V - 1 - l and leaves the tokens', () => {
    const batch = { tokens: Uint8Array.of(1, 2), targets: Uint8Array.of(2, 255) }
    const corrupted = labelFlip.corrupt!(batchView(batch, 1))
    expect([...corrupted.tokens]).to.deep.equal([1, 2])
    expect([...corrupted.targets]).to.deep.equal([253, 0])
    expect([...labelFlip.forge(viewOf(labelFlip))]).to.deep.equal([1, -2, 3])
  })

  it('data replay always gives the first batch again', () => {
    const first = { tokens: Uint8Array.of(1), targets: Uint8Array.of(2) }
    const second = { tokens: Uint8Array.of(3), targets: Uint8Array.of(4) }
    const memory = createMemory()
    expect(dataReplay.corrupt!({ ...batchView(first, 1), memory })).to.equal(first)
    expect(dataReplay.corrupt!({ ...batchView(second, 2), memory })).to.equal(first)
  })

  it('slow poisoning grows to z deviations, always to the same side', () => {
    const told = lies(slowPoisoning, Array(40).fill(HONEST), { z: 0.5, growRounds: 10 })
    const offsets = told.map(lie => lie.map((value, at) => value - meanOf(HONEST)[at]!))
    expect(Math.abs(offsets[0]![0]!)).to.be.closeTo(0.15, 1e-5)
    for (const offset of [offsets[9]!, offsets[39]!]) {
      for (const [at, value] of offset.entries()) {
        expect(Math.abs(value)).to.be.closeTo(1.5, 1e-5)
        expect(Math.sign(value)).to.equal(Math.sign(offsets[0]![at]!))
      }
    }
  })
})

describe('attacks on learning: what holds for all', () => {
  const finite = fc.float({ min: -100, max: 100, noNaN: true })
  const views = fc.integer({ min: 1, max: 12 }).chain(length => {
    const one = fc.array(finite, { minLength: length, maxLength: length }).map(values => Float32Array.from(values))
    return fc.record({
      own: one,
      honest: fc.array(one, { maxLength: 6 }),
      round: fc.integer({ min: 1, max: 1000 }),
      liars: fc.integer({ min: 1, max: 3 }),
    })
  })

  it('each is in the table once, under its own name, with words and a source', () => {
    const names = GRADIENT_ATTACKS.map(({ name }) => name)
    expect(new Set(names).size).to.equal(names.length)
    for (const attack of GRADIENT_ATTACKS) {
      expect(findGradientAttack(attack.name)).to.equal(attack)
      expect(attack.name).to.match(/^[a-z]+(-[a-z]+)*$/)
      expect(attack.about).to.not.equal('')
      expect(attack.source).to.match(/\d{4}/)
    }
    expect(findGradientAttack('kindness')).to.equal(null)
  })

  it('a lie has the length of the own gradient, and the view is left as it was', () => {
    fc.assert(
      fc.property(fc.constantFrom(...GRADIENT_ATTACKS), views, (attack, view) => {
        const before = [view.own, ...view.honest].map(each => [...each])
        const lie = attack.forge(viewOf(attack, { ...view, combine: meanOf }))
        expect(lie).to.have.length(view.own.length)
        expect([view.own, ...view.honest].map(each => [...each])).to.deep.equal(before)
        for (const each of [view.own, ...view.honest]) expect(lie).to.not.equal(each)
      }),
    )
  })

  it('a lie is finite, but the one that is there not to be', () => {
    const others = GRADIENT_ATTACKS.filter(({ name }) => name !== 'not-finite')
    fc.assert(
      fc.property(fc.constantFrom(...others), views, (attack, view) => {
        expect([...attack.forge(viewOf(attack, view))].every(Number.isFinite)).to.equal(true)
      }),
    )
  })

  it('one seed tells one lie', () => {
    fc.assert(
      fc.property(fc.constantFrom(...GRADIENT_ATTACKS), views, (attack, view) => {
        expect([...attack.forge(viewOf(attack, view))]).to.deep.equal([...attack.forge(viewOf(attack, view))])
      }),
    )
  })

  it('mimic tells nothing but honest gradients', () => {
    fc.assert(
      fc.property(
        views.filter(({ honest }) => honest.length > 0),
        view => {
          const lie = [...mimic.forge(viewOf(mimic, view))]
          expect(view.honest.some(each => [...each].every((value, at) => value === lie[at]))).to.equal(true)
        },
      ),
    )
  })

  it('ALIE and slow poisoning stay within z deviations of the honest', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(aLittleIsEnough, slowPoisoning),
        views.filter(({ honest }) => honest.length > 1),
        (attack, view) => {
          const lie = attack.forge(viewOf(attack, view, { z: 1 }))
          for (const [at, value] of lie.entries()) {
            const values = view.honest.map(each => each[at]!)
            const mean = values.reduce((sum, each) => sum + each, 0) / values.length
            const deviation = Math.sqrt(values.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (values.length - 1))
            expect(Math.abs(value - mean)).to.be.at.most(deviation + 1e-4)
          }
        },
      ),
    )
  })

  it('colluders who agree on a lie all tell the same one, each a vector of its own', () => {
    for (const attack of [innerProduct, aLittleIsEnough, fallOfEmpires, slowPoisoning]) {
      const memory = createMemory()
      const [first, second] = [vector(1, 2, 3), vector(9, 9, 9)].map(own =>
        attack.forge(viewOf(attack, { own, memory })),
      )
      expect([...first!]).to.deep.equal([...second!])
      expect(first).to.not.equal(second)
      const later = attack.forge(viewOf(attack, { honest: [vector(7, 7, 7), vector(5, 5, 5)], memory, round: 2 }))
      expect([...later]).to.not.deep.equal([...first!])
    }
  })

  it('parameters start as stated, change by name, and say what is wrong', () => {
    expect(parametersOf(signFlip)).to.deep.equal({ factor: -10 })
    expect(parametersOf(signFlip, { factor: -2 })).to.deep.equal({ factor: -2 })
    expect(parametersOf(signFlip, { strength: 1 })).to.equal(
      'the attack sign-flip has no parameter "strength"; it has: factor',
    )
    expect(parametersOf(zero, { factor: 1 })).to.contain('it has none')
    expect(parametersOf(signFlip, { factor: 'much' })).to.equal('the parameter factor of sign-flip must be a number')
  })
})

function batchView(batch: { tokens: Uint8Array; targets: Uint8Array }, round: number) {
  const random = new SeededRandom(1)
  return {
    batch,
    round,
    vocabulary: 256,
    random: () => random.next(),
    memory: createMemory(),
    parameters: knownParameters(labelFlip),
  }
}

function distance(a: Float32Array, b: Float32Array): number {
  return norm(a.map((value, at) => value - b[at]!))
}

/** Trimmed mean, f = 1, in the plainest way. */
function trimOne(vectors: readonly Float32Array[]): Float32Array {
  return vectors[0]!.map((_, at) => {
    const kept = vectors
      .map(each => each[at]!)
      .toSorted((a, b) => a - b)
      .slice(1, -1)
    return kept.reduce((sum, value) => sum + value, 0) / kept.length
  })
}
