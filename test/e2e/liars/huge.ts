/** Commits to a gradient of finite values beyond any bound. */
import { runLiar } from './liar.ts'
import { lyingCommit } from './lying-commit.ts'

await runLiar(parts => lyingCommit(parts, values => void values.fill(1e30)))
