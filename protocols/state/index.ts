/**
 * `/swarm-node/state/1.1.0`: certificates, aggregates and snapshots for a replica that is late, and checkpoints of another stage (README.md).
 *
 * @example
 *
 * ```ts
 * const service = state({ source, admit: from => (seats.has(from) ? null : refuse('no-seat')) })(components)
 * await service.start()
 * const status = await service.status(sibling)
 * const page = await service.certificates(siblings, { stage: 0, from: 17, to: status.round }, verify, { signal })
 * const partitions = await service.aggregate(siblings, { stage: 0, round: 17, aggregateRoot, partitions: 16 }, { signal })
 * ```
 */
import { PeerStreams, type PeerStreamsComponents } from '../wire/frames/peer-streams.ts'
import { OPEN_REQUESTS_A_PEER, STATE_PROTOCOL } from './constants.ts'
import { State } from './state.ts'
import type { StateInit } from './types.ts'

export { SERVED_BYTES_PER_SECOND, SNAPSHOT_CHUNK_BYTES, STATE_PROTOCOL } from './constants.ts'
export { servedAt } from './server.ts'
export {
  type CallOptions,
  type CertificateCheck,
  type CertifiedAggregate,
  type CertifiedSnapshot,
  State,
} from './state.ts'
export type * from './types.ts'

export function state(init: StateInit): (components: PeerStreamsComponents) => State {
  return components =>
    new State(init, {
      clock: components.clock,
      digest: components.digest,
      openStreams: (handlers, onRefusal) =>
        new PeerStreams(components, {
          protocol: STATE_PROTOCOL,
          ...handlers,
          onRefusal,
          // No notes are sent; one keeps the limit a limit.
          limits: { openRequests: OPEN_REQUESTS_A_PEER, openNotes: 1 },
        }),
    })
}
