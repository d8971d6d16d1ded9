/**
 * `/swarm-node/reduce/1.0.0`: gradient partitions and their aggregates between the replicas of a stage (README.md).
 *
 * @example
 *
 * ```ts
 * const service = reduce({ self, policy, handlers: { stored: name => machine.stored(name) } })(components)
 * await service.start()
 * await service.scatter(candidate, { scope, author: self, root, partition: 3 }, bytes, { signal })
 * ```
 */
import { PeerStreams, type PeerStreamsComponents } from '../wire/frames/peer-streams.ts'
import { REDUCE_PROTOCOL } from './constants.ts'
import { Reduce } from './reduce.ts'
import type { ReduceInit } from './types.ts'

export { type BlobKey, type BlobLimits, type Blobs, MemoryBlobs } from './blobs.ts'
export { REDUCE_PROTOCOL } from './constants.ts'
export type { AggregateName, PartitionName, ReduceStatus } from './headers.ts'
export { Reduce, type TransferOptions } from './reduce.ts'
export type { TransferLimits } from './transfers.ts'
export type * from './types.ts'

export function reduce(init: ReduceInit): (components: PeerStreamsComponents) => Reduce {
  return components =>
    new Reduce(init, {
      clock: components.clock,
      digest: components.digest,
      openStreams: (handlers, onRefusal) =>
        new PeerStreams(components, { protocol: REDUCE_PROTOCOL, ...handlers, onRefusal }),
    })
}
