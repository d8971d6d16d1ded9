/** An author that gives its gradient to nobody, or not to enough. */
import { numberOf } from './support.ts'
import type { Attack } from './types.ts'

export const withheldPartition: Attack = {
  name: 'withheld-partition',
  about: 'commits, but sends its partitions only to some candidates, and serves none',
  expect: 'harmless',
  parameters: { share: [0, 1] },
  start: (hands, parameters) => ({
    scatters() {
      const gives = hands.random.chance(numberOf(parameters, 'share', 0.3))
      if (!gives) hands.acts()
      return gives
    },
    serves: () => null,
  }),
}
