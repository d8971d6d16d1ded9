import type { World } from './world.ts'

export function scheduleFaults(_world: World): void {}
