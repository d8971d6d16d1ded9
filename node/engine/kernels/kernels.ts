/** The compiled kernels on one memory. Addresses and lengths as in the `*.as.ts` sources, which say what each one does. */
import { RankKernels } from './rank.ts'

export interface VectorKernels {
  zero(x: number, n: number): void
  add(y: number, x: number, n: number): void
  scale(x: number, factor: number, n: number): void
  momentum(out: number, m: number, sum: number, beta1: number, rest: number, factor: number, n: number): void
  withinBound(x: number, bound: number, n: number): number
  squaredNorm(x: number, n: number): number
  scatterAddRows(table: number, rows: number, ids: number, count: number, width: number): void
  readSum(x: number, n: number): number
  adamw(
    theta: number,
    v: number,
    p: number,
    a: number,
    thetaOut: number,
    vOut: number,
    n: number,
    beta1: number,
    inverse: number,
    beta2: number,
    rest2: number,
    scale: number,
    rate: number,
    decay: number,
    correction: number,
    epsilon: number,
  ): void
  fillNormal(x: number, key: bigint, std: number, n: number): void
  fillConstant(x: number, value: number, n: number): void
  encodeInt8(out: number, x: number, n: number): void
}

export interface Kernels extends VectorKernels {
  readonly memory: WebAssembly.Memory
  readonly rank: RankKernels
}

const NAMES: readonly (keyof VectorKernels)[] = [
  'zero',
  'add',
  'scale',
  'momentum',
  'withinBound',
  'squaredNorm',
  'scatterAddRows',
  'readSum',
  'adamw',
  'fillNormal',
  'fillConstant',
  'encodeInt8',
]

/**
 * @param bytes the compiled module, from {@link loadKernels}
 * @param memory of its final size: growing it would detach every view
 */
export function instantiateKernels(bytes: Uint8Array<ArrayBuffer>, memory: WebAssembly.Memory): Kernels {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } })
  if (!isVectorKernels(exports)) throw new Error('The kernel module lacks a kernel: rebuild it (npm run prepare).')
  return { ...exports, memory, rank: new RankKernels(memory) }
}

function isVectorKernels(exports: object): exports is VectorKernels {
  return NAMES.every(name => name in exports && typeof Reflect.get(exports, name) === 'function')
}

const PAGE_BYTES = 64 * 1024

/** A memory of at least `bytes`, which never grows. Pages that are never written cost nothing. */
export function createMemory(bytes: number): WebAssembly.Memory {
  const pages = Math.ceil(bytes / PAGE_BYTES)
  return new WebAssembly.Memory({ initial: pages, maximum: pages })
}
