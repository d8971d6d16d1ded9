/** Where the compute thread's program is: the source beside this one, or its bundle beside this one's. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A bundle is one file in `dist/` or a chunk in `dist/chunks/`. */
const BUNDLES = ['./engine-worker.js', '../engine-worker.js']

export function findWorker(): URL {
  if (import.meta.url.endsWith('.ts')) return new URL('./worker.ts', import.meta.url)
  const places = BUNDLES.map(path => new URL(path, import.meta.url))
  const found = places.find(url => existsSync(fileURLToPath(url)))
  if (found === undefined) throw new Error('engine-worker.js is missing beside the program: run "npm run prepare".')
  return found
}
