/**
 * `/swarm-node/agreement/1.0.0`: what the replicas of a stage sign and say to each other in a round (README.md).
 *
 * @example
 *
 * ```ts
 * const service = agreement({ policy, handlers: { message: (from, signed, attachments) => step(signed, attachments) } })(components)
 * await service.start()
 * service.setSiblings(siblings)
 * service.broadcast({ signed, attachments: polka })
 * ```
 */
import { PeerStreams, type PeerStreamsComponents } from '../wire/frames/peer-streams.ts'
import { Agreement } from './agreement.ts'
import { AGREEMENT_PROTOCOL } from './constants.ts'
import type { AgreementInit } from './types.ts'

export { Agreement, type CallOptions } from './agreement.ts'
export { AGREEMENT_PROTOCOL } from './constants.ts'
export type * from './types.ts'

/** Its streams run over a connection of their own, so that a vote never waits behind a tensor. */
export function agreement(init: AgreementInit): (components: PeerStreamsComponents) => Agreement {
  return components =>
    new Agreement(init, {
      clock: components.clock,
      openStreams: (handlers, onRefusal) =>
        new PeerStreams(components, {
          protocol: AGREEMENT_PROTOCOL,
          dedicatedConnection: true,
          ...handlers,
          onRefusal,
        }),
    })
}
