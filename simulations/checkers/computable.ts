/** Every decided value can be computed by every honest replica, and gives the same. */
import { checker, violation } from './support.ts'

export const computable = checker(
  {
    name: 'computable',
    about: 'No honest replica computes something else than its stage certified, or finds that no outcome can win.',
    why: 'A value is sealed only when f + 1 candidates hold each partition, so every honest replica can get its inputs; the kernels are deterministic.',
    kind: 'safety',
  },
  seats => ({
    event(event) {
      if (event.type === 'diverged' || event.type === 'halt') {
        if (!seats.isHonest(event.peer)) return null
        const words = `peer ${event.peer} of stage ${event.stage} in round ${event.round}: ${event.type}, ${event.reason}`
        return violation('computable', event.atMs, words, [event.peer])
      }
      if (event.type !== 'certified' || event.next !== 'adopt' || !seats.isHonest(event.peer)) return null
      const words = `peer ${event.peer} executed something else than stage ${event.stage} certified in round ${event.round}`
      return violation('computable', event.atMs, words, [event.peer])
    },
  }),
)
