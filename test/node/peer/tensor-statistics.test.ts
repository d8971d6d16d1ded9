import { expect } from 'chai'
import fc from 'fast-check'
import { statisticsOf } from '../../../node/peer/tensor-statistics.ts'
import { codecOf } from '../../../protocols/wire/encodings.ts'
import {
  CHANNEL_FOLDS,
  LOG_RMS_OF_ZEROS,
  type TensorStatistics,
  tensorStatistics,
} from '../../../protocols/wire/tensor-statistics.ts'

const WIDTH = 24

const finite = fc.float({ noNaN: true, noDefaultInfinity: true })
const tensors = fc
  .array(fc.array(finite, { minLength: WIDTH, maxLength: WIDTH }), { minLength: 1, maxLength: 6 })
  .map(rows => Float32Array.from(rows.flat()))

function of(values: Float32Array, width = WIDTH): TensorStatistics {
  return statisticsOf(codecOf('f32').encode(values), 'f32', width)
}

describe('statistics of a tensor', () => {
  it('are its root mean square, mean, share below zero, and the means of every sixteenth channel', () => {
    const values = Float32Array.from({ length: 2 * WIDTH }, (_, index) => (index % WIDTH) - 3)
    const rms = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)
    const { logRms, mean, negativeShare, channels } = of(values)
    expect(logRms).to.be.closeTo(Math.log(rms), 1e-12)
    expect(mean).to.be.closeTo(8.5 / rms, 1e-12)
    expect(negativeShare).to.equal(3 / WIDTH)
    // Channels 0 and 16 are -3 and 13; channel 15, which is 12, is alone.
    expect(channels[0]).to.be.closeTo(5 / rms, 1e-12)
    expect(channels[15]).to.be.closeTo(12 / rms, 1e-12)
  })

  it('change as they should when it is scaled or its signs are flipped', () => {
    const values = Float32Array.from({ length: 4 * WIDTH }, (_, index) => Math.sin(index) + 0.2)
    const [one, large, flipped] = [of(values), of(values.map(value => 8 * value)), of(values.map(value => -value))]
    expect(large.logRms - one.logRms).to.be.closeTo(Math.log(8), 1e-6)
    expect(large.channels).to.deep.equal(one.channels)
    expect(flipped.channels).to.deep.equal(one.channels.map(mean => -mean))
    expect(flipped.mean).to.equal(-one.mean)
    expect(flipped.negativeShare).to.be.closeTo(1 - one.negativeShare, 1e-12)
  })

  it('are finite and within the bounds of a report, whatever the tensor', () => {
    fc.assert(
      fc.property(tensors, values => {
        expect(tensorStatistics(of(values), 'statistics')).to.equal(null)
      }),
    )
  })

  it('of zeros, and of fewer channels than are told apart, are numbers too', () => {
    const zeros = of(new Float32Array(WIDTH))
    expect(zeros).to.deep.equal({
      logRms: LOG_RMS_OF_ZEROS,
      mean: 0,
      negativeShare: 0,
      channels: Array.from({ length: CHANNEL_FOLDS }, () => 0),
    })
    const narrow = of(Float32Array.of(1, 1, 1, 1), 4)
    expect(narrow.channels).to.deep.equal([1, 1, 1, 1, ...Array.from({ length: 12 }, () => 0)])
  })

  it('are nearly the same in every encoding', () => {
    const values = Float32Array.from({ length: 64 * 64 }, (_, index) => Math.sin(index * index) + 0.3)
    const exact = of(values, 64)
    for (const encoding of ['bf16', 'int8'] as const) {
      const { logRms, mean, negativeShare } = statisticsOf(codecOf(encoding).encode(values), encoding, 64)
      expect(logRms).to.be.closeTo(exact.logRms, 0.01)
      expect(mean).to.be.closeTo(exact.mean, 0.01)
      expect(negativeShare).to.be.closeTo(exact.negativeShare, 0.01)
    }
  })
})
