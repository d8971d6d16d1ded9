/** What was said before, again. */
import type { Signed } from '../../protocols/wire/messages.ts'
import type { Attack } from './types.ts'

/** Messages that are kept for it. */
const KEPT = 64

export const replayedMessages: Attack = {
  name: 'replayed-messages',
  about: 'sends again what it heard from others, in this round and in later ones',
  expect: 'harmless',
  parameters: {},
  start: hands => {
    const heard: Signed[] = []
    return {
      hears(signed) {
        if (heard.length < KEPT) heard.push(signed)
        if (!hands.random.chance(0.1)) return
        hands.acts()
        hands.send(hands.siblings, hands.random.pick(heard), [])
      },
    }
  },
}
