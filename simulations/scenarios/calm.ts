import { scenario } from '../scenario/defaults.ts'

export const calm = scenario({
  name: 'calm',
  about: 'Nothing goes wrong: ten rounds of two stages of four, an epoch boundary among them.',
  reaches: ['epoch-crossed'],
})
