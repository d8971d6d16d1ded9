/** A neighbour that wants others in lanes where they do not belong. */
import type { Attack } from './types.ts'

const QUICK_MS = 1
const SLOW_MS = 1_000_000

export const falseSpeeds: Attack = {
  name: 'false-speeds',
  about: 'tells the chain that the slow neighbours in its lane are quick, and the quick ones slow',
  expect: 'harmless',
  parameters: {},
  start: hands => ({
    speeds(measured, slow) {
      hands.acts()
      const lie = (peer: string) => ({ ms: slow.has(peer) ? QUICK_MS : SLOW_MS, isAtLeast: false })
      return new Map([...measured.keys()].map(peer => [peer, lie(peer)]))
    },
  }),
}
