/** The control: the same model, tokens, schedule and number of steps in one process, with plain AdamW. */
import type { Batch } from '../../../node/data/index.ts'
import type { Manifest } from '../../../protocols/wire/manifest.ts'
import { OneProcessModel } from '../one-process.ts'
import { AdamW, cosineRate } from './adamw.ts'

interface Optimised {
  readonly values: Float32Array
  readonly gradient: Float32Array
  /** Of the batches of the round so far. */
  readonly sum: Float64Array
  readonly optimizer: AdamW
}

export class Control {
  readonly #manifest: Manifest
  readonly #model: OneProcessModel
  readonly #optimised: readonly Optimised[]
  #round = 0

  private constructor(manifest: Manifest, model: OneProcessModel) {
    this.#manifest = manifest
    this.#model = model
    this.#optimised = model.parameters.map(({ shape, values, gradient }) => ({
      values,
      gradient,
      sum: new Float64Array(values.length),
      optimizer: new AdamW(manifest.optimizer, values.length, shape.length >= 2),
    }))
  }

  static async create(manifest: Manifest): Promise<Control> {
    return new Control(manifest, await OneProcessModel.create(manifest, manifest.batch.sequences, 1))
  }

  /** One step on the mean gradient of the batches. */
  async round(batches: readonly Batch[]): Promise<void> {
    const rate = cosineRate(++this.#round, this.#manifest.optimizer)
    for (const { sum } of this.#optimised) sum.fill(0)
    for (const batch of batches) {
      await this.#model.step(batch)
      for (const { sum, gradient } of this.#optimised) {
        for (let at = 0; at < sum.length; at++) sum[at]! += gradient[at]! / batches.length
      }
    }
    for (const { optimizer, values, sum } of this.#optimised) optimizer.step(values, sum, rate)
  }

  evaluate(batches: readonly Batch[]): Promise<number> {
    return this.#model.evaluate(batches)
  }

  dispose(): Promise<void> {
    return this.#model.dispose()
  }
}
