/** Writes docs/reference/cli.md from the table of options: `npx node test/docs/write-cli.ts`. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { referencePage } from '../../node/config/help.ts'

writeFileSync(fileURLToPath(new URL('../../docs/reference/cli.md', import.meta.url)), referencePage())
