/** A fault: what is sent to these peers takes ever longer. Run it: npx swarm-sim run tired --with docs/research/examples/fault.ts */
import type { Extension, ExtraFault } from '../../../simulations/extend.ts'
import { scenario } from '../../../simulations/scenario/defaults.ts'

const tired: ExtraFault = {
  name: 'tired-links',
  about: 'messages to these peers take `stepMs` longer with every second of the fault',
  means: { 0: 'later arrival' },
  strikes: 'peers',
  parameters: { stepMs: { unit: 'ms', bounds: [0, 10_000], default: 100 } },
  start({ world, peers, random, durationMs, number }) {
    const to = new Set(peers.map(({ index }) => index))
    const rule = { from: null, to, random, delayMs: 0 }
    for (let afterMs = 1000; afterMs < durationMs; afterMs += 1000) {
      world.time.after(afterMs, () => {
        rule.delayMs += number('stepMs')
      })
    }
    world.network.add(rule)
    return () => world.network.remove(rule)
  },
}
const about = 'Two peers get slower and slower.'
const faults = [{ kind: 'tired-links', perMinute: 3, durationMs: [10_000, 30_000], who: { count: 2 } }] as const
export default {
  faults: [tired],
  scenarios: [scenario({ name: 'tired', about, healAtMs: 60_000, faults })],
} satisfies Extension
