/** Commits to the gradient, ten times as long and against its direction: at its own length, Adam would hide it. */
import { lyingCommit } from './lying-commit.ts'
import type { Lie } from './types.ts'

const FACTOR = -10

export const signFlip: Lie = parts =>
  lyingCommit(parts, values => {
    for (const [at, value] of values.entries()) values[at] = FACTOR * value
  })
