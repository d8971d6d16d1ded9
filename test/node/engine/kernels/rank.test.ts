import { expect } from 'chai'
import fc from 'fast-check'
import { MAX_RANK_INPUTS, RankKernels } from '../../../../node/engine/kernels/index.ts'
import { mergeExchange } from '../../../../node/engine/kernels/network/comparators.ts'
import { type Selection, selection } from '../../../../node/engine/kernels/network/select.ts'
import { combineWith, makeBench } from './support.ts'

/** The reference: sort each coordinate, average the middle in f64. */
function trimmedMean(values: readonly number[], trim: number): number {
  const kept = [...values].sort((a, b) => a - b).slice(trim, values.length - trim)
  return kept.reduce((sum, value) => sum + value, 0) / kept.length
}

const trims = (n: number): number[] =>
  [...new Set([0, 1, Math.floor((n - 1) / 3), Math.floor((n - 1) / 2)])].filter(t => 2 * t < n)
/** Ones on the kept wires, after the steps of the selection on wires of zeros and ones. */
function keptOnes(n: number, trim: number, wires: number[]): number {
  const { steps, kept } = selectionOf(n, trim)
  for (const { low, high, minimum, maximum } of steps) {
    const [a, b] = [wires[low]!, wires[high]!]
    if (minimum) wires[low] = a & b
    if (maximum) wires[high] = a | b
  }
  return kept.reduce((sum, wire) => sum + wires[wire]!, 0)
}

const selections = new Map<string, Selection>()

function selectionOf(n: number, trim: number): Selection {
  const key = `${n}/${trim}`
  const known = selections.get(key) ?? selection(n, trim)
  selections.set(key, known)
  return known
}

/** Coordinates a case: not a multiple of the four of a SIMD vector. */
const COORDINATES = 21
const value = fc.float({ noNaN: true, min: -1e4, max: 1e4 })

describe('rank kernels', () => {
  it('equal a sort and a mean of the middle, for every n to 64 and each kind of trim', () => {
    for (let n = 1; n <= MAX_RANK_INPUTS; n++) {
      for (const trim of trims(n)) {
        fc.assert(
          fc.property(
            fc.array(fc.array(value, { minLength: COORDINATES, maxLength: COORDINATES }), {
              minLength: n,
              maxLength: n,
            }),
            inputs => {
              const result = combineWith(makeBench(64 * 1024), inputs, trim)
              for (let i = 0; i < COORDINATES; i++) {
                const column = inputs.map(input => Math.fround(input[i]!))
                const tolerance = 1e-6 * Math.max(...column.map(Math.abs)) + 1e-38
                expect(result[i]).to.be.closeTo(trimmedMean(column, trim), tolerance, `n ${n} trim ${trim}`)
              }
            },
          ),
          // Many coordinates rather than many runs: each run compiles its kernel anew.
          { numRuns: 1 },
        )
      }
    }
  })

  it('sort every input of zeros and ones, so every input (zero-one principle, Knuth 5.3.4 Z), for n to 12', () => {
    for (let n = 1; n <= 12; n++) {
      const network = mergeExchange(n)
      for (let bits = 0; bits < 2 ** n; bits++) {
        const wires = Array.from({ length: n }, (_, k) => (bits >> k) & 1)
        for (const { low, high } of network) {
          if (wires[low]! > wires[high]!) [wires[low], wires[high]] = [wires[high]!, wires[low]!]
        }
        expect(wires.join('')).to.equal([...wires].sort().join(''))
      }
    }
  })

  it('use the number of comparators that Knuth gives for merge exchange', () => {
    const counts = [2, 4, 8, 16, 64].map(n => mergeExchange(n).length)
    expect(counts).to.deep.equal([1, 5, 19, 63, 543])
  })

  it('take the exact middle value of an odd number', () => {
    const inputs = [
      [3, -1],
      [1e4, -1e4],
      [-7, 5],
      [2, 0],
      [2, 9],
    ]
    expect([...combineWith(makeBench(), inputs, 2)]).to.deep.equal([2, 0])
  })

  it('give the same bits whatever the order of inputs with ties and zeros of both signs, where one value is kept', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0, -0, 1, -1, 0.1), { minLength: 7, maxLength: 7 }),
        fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6], { minLength: 7 }),
        (values, order) => {
          const bench = makeBench()
          const straight = combineWith(
            bench,
            values.map(v => [v]),
            3,
          )
          const shuffled = combineWith(
            bench,
            order.map(k => [values[k]!]),
            3,
          )
          expect(Object.is(straight[0], shuffled[0])).to.equal(true)
        },
      ),
    )
  })

  it('walk vectors of any length, beyond one call as well', () => {
    const length = 40_003
    const inputs = [1, 2, 6].map(k => Float32Array.from({ length }, (_, i) => k * (i % 17)))
    const result = combineWith(makeBench(), inputs, 0)
    expect(result.every((got, i) => got === 3 * (i % 17))).to.equal(true)
  })

  it('refuse sizes beyond their limits', () => {
    const rank = new RankKernels(new WebAssembly.Memory({ initial: 1 }))
    expect(() => rank.get(MAX_RANK_INPUTS + 1, 0)).to.throw(RangeError, 'limit')
    expect(() => rank.get(0, 0)).to.throw(RangeError)
    expect(() => rank.get(4, 2)).to.throw(RangeError, 'trim')
  })

  it('need fewer operations for a trimmed mean than for a sort', () => {
    const operations = selection(8, 2).steps.reduce((sum, step) => sum + Number(step.minimum) + Number(step.maximum), 0)
    expect(operations).to.equal(24)
    expect(selection(8, 0).steps).to.have.length(0)
  })

  it('keep the middle of every input of zeros and ones, for every n to 12 and every trim', () => {
    for (let n = 1; n <= 12; n++) {
      for (let trim = 0; 2 * trim < n; trim++) {
        for (let bits = 0; bits < 2 ** n; bits++) {
          const wires = Array.from({ length: n }, (_, k) => (bits >> k) & 1)
          const ones = wires.reduce((sum, bit) => sum + bit, 0)
          const wanted = Math.min(Math.max(ones - trim, 0), n - 2 * trim)
          if (keptOnes(n, trim, wires) !== wanted) expect.fail(`n ${n} trim ${trim}: ${bits.toString(2)}`)
        }
      }
    }
  })

  it('keep the middle of two sorted halves of zeros and ones, however many of each, for every n', () => {
    for (let n = 3; n <= MAX_RANK_INPUTS; n++) {
      const half = Math.floor(n / 2)
      for (const trim of new Set([1, Math.floor(n / 3)])) {
        for (let p = 0; p <= half; p++) {
          for (let q = 0; q <= n - half; q++) {
            const wires = Array.from({ length: n }, (_, k) => Number(k < half ? k >= half - p : k >= n - q))
            const wanted = Math.min(Math.max(p + q - trim, 0), n - 2 * trim)
            if (keptOnes(n, trim, wires) !== wanted) expect.fail(`n ${n} trim ${trim}: ${p} and ${q} ones`)
          }
        }
      }
    }
  })
})
