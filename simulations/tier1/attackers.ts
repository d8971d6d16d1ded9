/** Lets a scenario's liars begin: protocol lies and lies about gradients, by name. */
import { findGradientAttack } from '../attackers/gradient/index.ts'
import { ATTACKS } from '../attackers/index.ts'
import type { Attack, Behaviour, Hands } from '../attackers/types.ts'
import { gradientLie } from './gradient-lies.ts'
import { handsOf } from './hands.ts'
import { lyingParts } from './lies.ts'
import type { World } from './world.ts'

/** Lies that need a hand on what this tier gives liars no hand on, and why. */
const UNKNOWN: Readonly<Record<string, string>> = {
  'wrong-state': 'the round store of a peer is no part of its rounds',
}

/** @throws RangeError for an attack or a peer that there is not */
export function scheduleAttackers(world: World): void {
  for (const { attack: name, peers, fromMs, with: parameters = {} } of world.scenario.attackers) {
    const attack = attackOf(world, name)
    const colluders: Hands[] = []
    for (const index of peers) {
      const peer = world.peers[index]
      if (peer === undefined) throw new RangeError(`no peer ${index}`)
      colluders.push(handsOf(world, peer, name, colluders))
    }
    for (const hands of colluders) {
      let behaviour: Behaviour | null = null
      world.lies.set(hands.index, parts => lyingParts(parts, () => behaviour))
      world.onOpened.set(hands.index, round => behaviour?.opened?.(round))
      world.time.at(fromMs, () => {
        behaviour = attack.start(hands, parameters)
      })
    }
  }
}

function attackOf(world: World, name: string): Pick<Attack, 'start'> {
  const why = UNKNOWN[name]
  if (why !== undefined) throw new RangeError(`tier 1 has no attack ${name}: ${why}`)
  const gradient = findGradientAttack(name)
  const attack = ATTACKS[name] ?? (gradient === null ? null : gradientLie(world.run, gradient))
  if (attack === null) throw new RangeError(`there is no attack ${name}`)
  return attack
}
