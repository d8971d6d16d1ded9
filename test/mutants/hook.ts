/** Loaded before everything else (`--import`): applies the patches of the mutant that the environment names. */
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { MUTANTS } from './mutants.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const mutant = MUTANTS.find(one => one.name === process.env['MUTANT'])
if (mutant === undefined) throw new Error(`no mutant ${process.env['MUTANT']}`)

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    const patches = url.startsWith('file:')
      ? mutant.patches.filter(({ file }) => fileURLToPath(url) === `${root}${file}`)
      : []
    if (patches.length === 0) return loaded
    let source = String(loaded.source)
    for (const { file, find, replace } of patches) {
      if (source.split(find).length !== 2) throw new Error(`${mutant.name}: the patch does not apply once to ${file}`)
      source = source.replace(find, () => replace)
    }
    return { ...loaded, source }
  },
})
