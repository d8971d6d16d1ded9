/**
 * `/swarm-node/evaluation/1.0.0`: the held-out loss of a certified state (README.md).
 *
 * @example
 *
 * ```ts
 * const service = evaluation({ run, stage: 0, policy, handlers })(components)
 * await service.start()
 * const lossMicronats = await service.ask(nextStage, { round: 40, index: 0, count: 4 }, activation, { signal })
 * ```
 */
import { PeerStreams, type PeerStreamsComponents } from '../wire/frames/peer-streams.ts'
import { BODY_BYTES_IN_FLIGHT, EVALUATION_PROTOCOL } from './constants.ts'
import { Evaluation } from './evaluation.ts'
import type { EvaluationInit } from './types.ts'

export { EVALUATION_PROTOCOL } from './constants.ts'
export { Evaluation } from './evaluation.ts'
export type * from './types.ts'

export function evaluation(init: EvaluationInit): (components: PeerStreamsComponents) => Evaluation {
  return components =>
    new Evaluation(init, {
      openStreams: (handlers, onRefusal) =>
        new PeerStreams(components, {
          protocol: EVALUATION_PROTOCOL,
          maxBodyBytes: BODY_BYTES_IN_FLIGHT,
          ...handlers,
          onRefusal,
        }),
    })
}
