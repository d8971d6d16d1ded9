/** Signs the header of a tensor: once, whoever it is sent to. */
import type { PrivateKey } from '@libp2p/interface'
import { seal } from '../wire/envelope.ts'
import type { Digest } from '../wire/environment.ts'
import { ZERO_HASH } from '../wire/hash.ts'
import type { Boundary } from '../wire/messages.ts'
import type { Draft, Outgoing } from './types.ts'

export async function signDraft(
  draft: Draft,
  { privateKey, digest }: { readonly privateKey: PrivateKey; readonly digest: Digest },
  options: { readonly signal?: AbortSignal } = {},
): Promise<Outgoing> {
  const { direction, id, scope, parent, tensor } = draft
  if (scope.round !== id.round) throw new RangeError(`a scope of round ${scope.round} for round ${id.round}`)
  const content = await digest(tensor, options)
  const payload: Boundary = {
    kind: 'boundary',
    scope,
    source: id.source,
    sequence: id.sequence,
    direction,
    parent: parent?.content ?? ZERO_HASH,
    content,
  }
  const { envelope } = await seal(payload, privateKey)
  return { direction, chain: { envelopes: [...(parent?.envelopes ?? []), envelope], content }, tensor }
}
