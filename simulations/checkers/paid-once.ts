/** A settled micro-batch is paid once. */
import { checker, violation } from './support.ts'

export const paidOnce = checker(
  {
    name: 'paid-once',
    about: 'A round pays no more micro-batches in a stage than its sources sealed different ones.',
    why: 'Points follow from certificates alone: who lists a micro-batch twice, or does what a sibling did too, is not paid for it again.',
    kind: 'safety',
    tiers: [0],
  },
  () => ({
    event(event) {
      if (event.type !== 'paid') return null
      const stage = event.paid.findIndex(count => count > event.distinct)
      if (stage < 0) return null
      const words = `round ${event.round} pays ${event.paid[stage]} micro-batches in stage ${stage} where ${event.distinct} different ones were sealed`
      return violation('paid-once', event.atMs, words, [])
    },
  }),
)
