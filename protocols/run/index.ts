/**
 * `/swarm-node/run/1.0.0`: the manifest of a run by its id (README.md).
 *
 * @example
 *
 * ```ts
 * const service = runs({ served: null })(components)
 * await service.start()
 * const manifest = await service.manifest(peer, run, { signal })
 * ```
 */
import { PeerStreams, type PeerStreamsComponents } from '../wire/frames/peer-streams.ts'
import { BODY_BYTES_IN_FLIGHT, RUN_PROTOCOL } from './constants.ts'
import { Runs } from './runs.ts'
import type { RunsInit } from './types.ts'

export { RUN_PROTOCOL } from './constants.ts'
export { Runs } from './runs.ts'
export type * from './types.ts'

export function runs(init: RunsInit): (components: PeerStreamsComponents) => Runs {
  return components =>
    new Runs(init, {
      openStreams: (handlers, onRefusal) =>
        new PeerStreams(components, {
          protocol: RUN_PROTOCOL,
          maxBodyBytes: BODY_BYTES_IN_FLIGHT,
          ...handlers,
          onRefusal,
        }),
    })
}
