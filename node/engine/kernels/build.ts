/**
 * Compiles the AssemblyScript kernels. Run it (`node node/engine/kernels/build.ts`) to write `dist/kernels.wasm`; a
 * development dependency does the work, so what is installed for production has only the result.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

export const KERNEL_SOURCES = ['vector.as.ts', 'optimizer.as.ts', 'initialise.as.ts', 'int8-block.as.ts'] as const

const folder = fileURLToPath(new URL('.', import.meta.url))

const FLAGS = ['--enable', 'simd', '--importMemory', '--runtime', 'stub', '-O3', '--noAssert', '--noExportMemory']

/**
 * @returns the module's bytes; it imports `env.memory` and has no data of its own
 * @throws Error with the compiler's messages
 */
export async function buildKernels(): Promise<Uint8Array> {
  // Loaded when needed: the compiler is 15 MB, and whoever finds a compiled module in the cache does without.
  const { main } = await import('assemblyscript/asc')
  const output: { bytes: Uint8Array | null } = { bytes: null }
  const messages: string[] = []
  const { error } = await main([...KERNEL_SOURCES, '--outFile', 'kernels.wasm', ...FLAGS], {
    readFile: name => (isKernelSource(name) ? readFile(`${folder}${name}`, 'utf8') : null),
    writeFile: (_name, contents) => {
      if (typeof contents !== 'string') output.bytes = contents
    },
    listFiles: () => [],
    stderr: { write: text => void messages.push(String(text)) },
  })
  if (error !== null || output.bytes === null) {
    throw new Error(`The kernels do not compile: ${error?.message ?? 'no output'}\n${messages.join('')}`)
  }
  return output.bytes
}

/** Writes the compiled kernels to `path`, creating its folder. */
export async function writeKernels(path: string): Promise<void> {
  const bytes = await buildKernels()
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, bytes)
}

function isKernelSource(name: string): boolean {
  return KERNEL_SOURCES.some(source => source === name)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeKernels(fileURLToPath(new URL('../../../dist/kernels.wasm', import.meta.url)))
}
