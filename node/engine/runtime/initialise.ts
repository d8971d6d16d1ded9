/** Parameters of round 0: a pure function of seed, parameter name and index, so that all replicas hash equal. */
import type { Kernels } from '../kernels/index.ts'
import type { ParameterSpec } from '../models/index.ts'
import { F32_BYTES } from './constants.ts'
import { nativeHash } from './hashing.ts'
import type { ParameterRange } from './ranges.ts'

export function initialiseParameters(
  kernels: Kernels,
  theta: number,
  seed: number,
  specs: readonly ParameterSpec[],
  ranges: readonly ParameterRange[],
): void {
  specs.forEach(({ name, init }, index) => {
    const { start, count } = ranges[index]!
    const address = theta + start * F32_BYTES
    if (init.kind === 'constant') kernels.fillConstant(address, init.value, count)
    else kernels.fillNormal(address, keyOf(seed, name), init.std, count)
  })
}

/** 64 bits of a hash: streams of two parameters do not overlap but by chance, and nobody steers it. */
function keyOf(seed: number, name: string): bigint {
  const digest = nativeHash(new TextEncoder().encode(JSON.stringify(['swarm-node/parameter/1', seed, name])))
  return new DataView(digest.buffer, digest.byteOffset).getBigUint64(0, true)
}
