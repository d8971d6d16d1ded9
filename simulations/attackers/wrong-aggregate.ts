/** An owner of a partition that signs another result. */
import { noHash } from './support.ts'
import type { Attack } from './types.ts'

export const wrongAggregate: Attack = {
  name: 'wrong-aggregate',
  about: 'signs a hash of nothing for the partitions that it aggregates',
  expect: 'harmless',
  parameters: {},
  start: hands => {
    // Colluders agree on the lie: they would be f equal signatures.
    const agreed = hands.colluders[0] ?? hands
    return {
      aggregate(hash) {
        hands.acts()
        return agreed.index === hands.index ? noHash(hands) : hash.map(byte => byte ^ 0xff)
      },
    }
  },
}
