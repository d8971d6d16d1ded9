/** A checker: no round may take for ever. Run it: npx swarm-sim run calm --with docs/research/examples/checker.ts */
import { checker, violation } from '../../../simulations/checkers/support.ts'
import type { Extension } from '../../../simulations/extend.ts'

const LONGEST_MS = 300_000

const punctual = checker(
  {
    name: 'punctual',
    about: 'Every round that a peer opens is certified there within five minutes.',
    why: 'A round that takes longer costs more than starting anew. Long outages break it, and slow machines.',
    kind: 'safety',
  },
  seats => {
    const opened = new Map<string, number>()
    return {
      event(event) {
        if (event.type === 'round.opened') opened.set(`${event.peer}/${event.round}`, event.atMs)
        if (event.type !== 'certified' || !seats.isHonest(event.peer)) return null
        const { peer, round, atMs } = event
        const tookMs = atMs - (opened.get(`${peer}/${round}`) ?? atMs)
        return tookMs <= LONGEST_MS ? null : violation('punctual', atMs, `round ${round} took ${tookMs} ms`, [peer])
      },
    }
  },
)

export default { checkers: [punctual] } satisfies Extension
