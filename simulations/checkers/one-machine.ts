/** No honest peer takes what it signed itself for another machine's. */
import { checker, violation } from './support.ts'

export const oneMachine = checker(
  {
    name: 'one-machine',
    about:
      'A peer whose key nobody else has is never suspended because of a second machine, whatever happens to its own.',
    why: 'What it signs is on its disk before anybody hears it, and what a lost or older disk lacks is asked for before it signs again.',
    kind: 'safety',
  },
  seats => ({
    event(event) {
      if (event.type !== 'suspended' || event.by !== 'second-machine' || !seats.isHonest(event.peer)) return null
      const words = `honest peer ${event.peer} takes its own signature for that of another machine`
      return violation('one-machine', event.atMs, words, [event.peer])
    },
  }),
)
