/** Memory, queues and retries are bounded. */
import { checker, violation } from './support.ts'

export const bounded = checker(
  {
    name: 'bounded',
    about: 'What a peer holds stays below the bound that its limits give.',
    why: 'Whatever others send, or fail to send, must not fill a machine.',
    kind: 'safety',
  },
  seats => ({
    event(event) {
      if (event.type !== 'gauge' || event.value <= event.bound || !seats.isHonest(event.peer)) return null
      const words = `peer ${event.peer} holds ${event.value} ${event.name} where ${event.bound} are the bound`
      return violation('bounded', event.atMs, words, [event.peer])
    },
  }),
)
