import type { PrivateKey } from '@libp2p/interface'
import { PeerStreams, type PeerStreamsComponents } from '../wire/frames/peer-streams.ts'
import { Activations, type ActivationsInit } from './activations.ts'

export {
  Activations,
  type ActivationsComponents,
  type ActivationsInit,
  type ActivationsStreams,
} from './activations.ts'
export * from './constants.ts'
export { checkDelivery } from './door.ts'
export { expectedHops } from './header-chain.ts'
export { signDraft } from './sign.ts'
export type * from './types.ts'

/**
 * Forward and backward streams between the stages.
 *
 * @example
 * ```ts
 * const service = activations({ run, genesis, self, stage: 0, stages: 2, shape: [8, 128, 128], encoding: 'bf16', policy, handlers })(components)
 * await service.start()
 * const outgoing = await service.sign({ direction: 'forward', id, scope, parent: null, tensor })
 * const outcome = await service.send(nextHop, outgoing, { timeoutMs: 2_000, signal })
 * ```
 */
export function activations(
  init: ActivationsInit,
): (components: PeerStreamsComponents & { readonly privateKey: PrivateKey }) => Activations {
  return components =>
    new Activations({ ...components, openStreams: streams => new PeerStreams(components, streams) }, init)
}
