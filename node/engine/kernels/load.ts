/** Finds the compiled kernels: beside the bundle in an installed package, else built from the sources and kept. */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'

/** A bundle is one file in `dist/` or a chunk in `dist/chunks/`. */
const INSTALLED = ['./kernels.wasm', '../kernels.wasm']
const CACHE = '../../../node_modules/.cache/swarm-node/'

let loading: Promise<Uint8Array<ArrayBuffer>> | null = null

/**
 * Read once a process; nobody changes the bytes.
 * @throws Error where neither the compiled kernels nor their compiler is installed
 */
export function loadKernels(): Promise<Uint8Array<ArrayBuffer>> {
  loading ??= import.meta.url.endsWith('.ts') ? buildCached() : readInstalled()
  return loading
}

async function readInstalled(): Promise<Uint8Array<ArrayBuffer>> {
  for (const place of INSTALLED) {
    const bytes = await readIfThere(new URL(place, import.meta.url))
    if (bytes !== null) return bytes
  }
  throw new Error('kernels.wasm is missing beside the program: run "npm run prepare".')
}

/** The compiler takes 3 s; its result is kept under the hash of the sources, so an edit never meets an old kernel. */
async function buildCached(): Promise<Uint8Array<ArrayBuffer>> {
  // Not a literal specifier: a bundler would take the whole compiler along.
  const builder: typeof import('./build.ts') = await import(new URL('./build.ts', import.meta.url).href)
  const hash = createHash('sha256')
  for (const source of ['build.ts', ...builder.KERNEL_SOURCES])
    hash.update(await readFile(new URL(source, import.meta.url)))
  const cache = new URL(CACHE, import.meta.url)
  const file = new URL(`kernels-${hash.digest('hex').slice(0, 16)}.wasm`, cache)
  const known = await readIfThere(file)
  if (known !== null) return known
  const bytes = Uint8Array.from(await builder.buildKernels())
  await mkdir(cache, { recursive: true })
  // Written aside and renamed: another process may be reading.
  const aside = new URL(`${file.href}.${process.pid}`)
  await writeFile(aside, bytes)
  await rename(aside, file)
  return bytes
}

async function readIfThere(file: URL): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    return Uint8Array.from(await readFile(file))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
