/** `swarm-sim explain`: a checker's promise. */

import type { Call } from '../call.ts'
import { EXIT, SimError } from '../exit.ts'
import { nearest } from '../reference.ts'

const KINDS = {
  safety: 'safety: must hold at any time, whatever fails',
  liveness: 'liveness: must hold at the end, once the faults have healed',
} as const

export async function run({ words, settings, harness, surroundings, paint }: Call): Promise<number> {
  const name = words[0]!
  const checker = harness.checkers.find(known => known.name === name)
  if (checker === undefined) {
    const names = harness.checkers.map(known => known.name)
    throw new SimError(`there is no checker '${name}'${nearest(name, names)}`, 'swarm-sim list checkers')
  }
  const { about, why, kind, tiers } = checker
  if (settings.json) surroundings.print(JSON.stringify({ name, about, why, kind, tiers }))
  else {
    const tierNames = tiers.join(', ')
    surroundings.print([paint.bold(name), about, '', why, '', `${KINDS[kind]}; tiers ${tierNames}`].join('\n'))
  }
  return EXIT.valid!
}
