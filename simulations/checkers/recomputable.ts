/** Every certified root follows from the committed inputs. */
import { checker, violation } from './support.ts'

export const recomputable = checker(
  {
    name: 'recomputable',
    about: 'The aggregate root of a certificate is what the rule makes of the sealed commitments, in the sealed order.',
    why: 'One honest recomputation of an aggregate is a fraud proof. A replica takes a hash only from f + 1 candidates, or recomputes.',
    kind: 'safety',
    tiers: [0],
  },
  () => ({
    event(event) {
      if (event.type !== 'recomputed' || event.got === null || event.got === event.expected) return null
      const words = `stage ${event.stage} certified another aggregate in round ${event.round} than its commitments give`
      return violation('recomputable', event.atMs, words, [event.peer])
    },
  }),
)
