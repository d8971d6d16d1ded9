import type { Attack } from '../attackers/types.ts'
import type { World } from './world.ts'

export function scheduleAttackers(_world: World, _attacks: Readonly<Record<string, Attack>>): void {}
