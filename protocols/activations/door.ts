/** Everything that a received tensor must pass before the work machine sees it, cheapest first. */
import { smallHash } from '../wire/hash.ts'
import type { Hash, PeerName } from '../wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../wire/refusals.ts'
import { readTensorFrame, valueFault } from './frame-header.ts'
import { checkChain } from './header-chain.ts'
import type { ActivationsPolicy, ActivationsRun, Delivery } from './types.ts'

/** @param digest - SHA-256 of `body`, checked on arrival; null without a body */
export async function checkDelivery(
  received: {
    readonly header: unknown
    readonly body: Uint8Array
    readonly digest: Hash | null
    readonly from: PeerName
  },
  run: ActivationsRun,
  policy: ActivationsPolicy,
): Promise<Delivery | Refusal> {
  const { header, body, digest, from } = received
  const read = readTensorFrame(header, body, run)
  if (isRefusal(read)) return read
  if (digest === null) return refuse('wrong-shape', 'no tensor')
  const { direction, frame } = read
  const envelopes = frame.tensor.attachments
  const chain = await checkChain(envelopes, { direction, from, content: digest }, run, policy)
  if (isRefusal(chain)) return chain
  const fault = valueFault(body, run.encoding)
  if (fault !== null) return fault
  return {
    direction,
    from,
    id: chain.id,
    path: chain.path,
    chain: { envelopes, content: digest },
    header: smallHash(envelopes.at(-1)!),
    tensor: body,
    lossMicronats: direction === 'backward' ? frame.lossMicronats : 0,
    settledBelow: direction === 'forward' ? frame.settledBelow : 0,
  }
}
