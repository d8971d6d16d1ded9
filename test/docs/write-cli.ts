/** Writes the reference pages that are made from tables of options: `npx node test/docs/write-cli.ts`. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { referencePage } from '../../node/config/help.ts'
import { referencePage as simulatorPage } from '../../simulations/cli/help.ts'

/** By the file's name in docs/reference. */
export const PAGES: Readonly<Record<string, () => string>> = { 'cli.md': referencePage, 'swarm-sim.md': simulatorPage }

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, page] of Object.entries(PAGES)) {
    writeFileSync(fileURLToPath(new URL(`../../docs/reference/${name}`, import.meta.url)), page())
  }
}
