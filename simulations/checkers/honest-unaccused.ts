/** No honest peer is provable. */
import { checker, violation } from './support.ts'

export const honestUnaccused = checker(
  {
    name: 'honest-unaccused',
    about: 'No evidence against an honest peer exists, whatever happens to its machine.',
    why: 'Evidence costs the stake. An honest peer signs through its journal, one thing a slot; a journal that may have forgotten does not sign.',
    kind: 'safety',
  },
  seats => ({
    event(event) {
      if (event.type !== 'evidence' || event.accused < 0 || !seats.isHonest(event.accused)) return null
      const words = `honest peer ${event.accused} is accused of ${event.kind}`
      return violation('honest-unaccused', event.atMs, words, [event.accused, event.peer])
    },
  }),
)
