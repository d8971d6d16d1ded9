/** All attacks, by name. */
import type { Attack } from './types.ts'

export const ATTACKS: Readonly<Record<string, Attack>> = {}
