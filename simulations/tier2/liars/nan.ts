/** Commits to a gradient with a NaN in it. */

import { lyingCommit } from './lying-commit.ts'
import type { Lie } from './types.ts'

export const nan: Lie = parts => lyingCommit(parts, values => void values.fill(Number.NaN, 0, 1))
