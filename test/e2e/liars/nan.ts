/** Commits to a gradient with a NaN in it. */
import { runLiar } from './liar.ts'
import { lyingCommit } from './lying-commit.ts'

await runLiar(parts => lyingCommit(parts, values => void values.fill(Number.NaN, 0, 1)))
