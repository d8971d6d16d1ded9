/** Liars that tell two consistent stories: one to each side of their stage. */
import { equalBytes } from '../../protocols/wire/hash.ts'
import type { Hash, PeerName, Signed } from '../../protocols/wire/messages.ts'
import { idOf, otherValue } from './support.ts'
import type { Attack, Hands } from './types.ts'

/** What colluders of a stage agree on, by round and view. */
const PLANS = new WeakMap<readonly Hands[], Map<string, readonly [Hash, Hash]>>()

function plansOf(hands: Hands): Map<string, readonly [Hash, Hash]> {
  const known = PLANS.get(hands.colluders) ?? new Map<string, readonly [Hash, Hash]>()
  PLANS.set(hands.colluders, known)
  return known
}

/** Honest siblings in two sides that no peer is on both of. */
function sides(hands: Hands): readonly [PeerName[], PeerName[]] {
  const others = hands.siblings.filter(name => !hands.colluders.some(one => one.name === name)).toSorted()
  return [others.filter((_, at) => at % 2 === 0), others.filter((_, at) => at % 2 === 1)]
}

export const collusion: Attack = {
  name: 'collusion',
  about:
    'all colluders propose one value and vote for it towards one side of their stage, and another towards the other side',
  expect: 'harmless',
  parameters: {},
  start: hands => ({
    sign(payload, attachments) {
      const { kind } = payload
      if (kind !== 'propose' && kind !== 'prevote' && kind !== 'precommit') return false
      const key = `${hands.stage}/${payload.scope.round}/${payload.view}`
      const tell = (versions: readonly [Signed, Signed]): boolean => {
        for (const [at, side] of sides(hands).entries()) hands.send(side, versions[at] ?? versions[0], attachments)
        for (const other of hands.colluders) if (other !== hands) hands.send([other.name], versions[0], attachments)
        hands.hear(versions[0], attachments)
        return true
      }
      if (kind === 'propose') {
        if (payload.validView >= 0) return false
        const value = otherValue(hands, payload)
        plansOf(hands).set(key, [idOf(payload.value), idOf(value)])
        hands.acts()
        return tell([hands.sign(payload), hands.sign({ ...payload, value })])
      }
      const plan = plansOf(hands).get(key)
      if (plan === undefined || payload.value === null || !equalBytes(payload.value, plan[0])) return false
      hands.acts()
      return tell([hands.sign(payload), hands.sign({ ...payload, value: plan[1] })])
    },
  }),
}
