/** Commits to the gradient, ten times as long and against its direction: at its own length, Adam would hide it. */
import { runLiar } from './liar.ts'
import { lyingCommit } from './lying-commit.ts'

const FACTOR = -10

await runLiar(parts =>
  lyingCommit(parts, values => {
    for (const [at, value] of values.entries()) values[at] = FACTOR * value
  }),
)
