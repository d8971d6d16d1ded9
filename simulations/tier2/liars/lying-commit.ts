/** Commitments to other values than the gradient's, with leaves that match them: only the values are wrong. */
import { digestOf } from '../../../node/peer/digest.ts'
import type { PeerParts } from '../../../node/peer/types.ts'
import { instead } from './instead.ts'

/** @param change - changes the values of the whole commitment in place */
export function lyingCommit(parts: PeerParts, change: (values: Float32Array) => void): PeerParts {
  const { engine } = parts
  return {
    ...parts,
    engine: instead(engine, {
      async commit(count, withOffLane, options) {
        const honest = await engine.commit(count, withOffLane, options)
        const bytes = honest.bytes.slice()
        change(new Float32Array(bytes.buffer))
        const partitions = honest.leaves.map((_, at) => bytes.subarray(honest.offsets[at], honest.offsets[at + 1]))
        return { ...honest, bytes, leaves: await Promise.all(partitions.map(part => digestOf(part))) }
      },
    }),
  }
}
