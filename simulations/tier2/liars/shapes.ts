/** Sends tensors of other shapes, types and lengths than the manifest's, under headers that it signed for them. */
import { ACTIVATIONS_PROTOCOL } from '../../../protocols/activations/index.ts'
import { PeerStreams } from '../../../protocols/wire/frames/peer-streams.ts'
import { isRefusal } from '../../../protocols/wire/refusals.ts'
import { instead } from './instead.ts'
import type { Lie } from './types.ts'

export const shapes: Lie = (parts, { components }) => {
  const { activations, run } = parts
  const { model, batch } = run.manifest
  const { sequences } = batch
  const { sequence, width } = model
  const shapes = [
    { dtype: 'f32', shape: [1, sequence, width] },
    { dtype: 'f32', shape: [sequence, sequences, width] },
    { dtype: 'f32', shape: [sequences * sequence * width] },
    { dtype: 'u8', shape: [sequences, sequence, width] },
    // The right one, for a body that is a value short.
    { dtype: 'f32', shape: [sequences, sequence, width], missing: 4 },
  ]
  let sent = 0
  // Not started: it answers nobody, it only speaks.
  const streams = new PeerStreams(components, { protocol: ACTIVATIONS_PROTOCOL, onRefusal: () => undefined })
  return {
    ...parts,
    activations: instead(activations, {
      async send(to, { direction, chain, tensor }, { lossMicronats = 0, settledBelow = 0, signal } = {}) {
        const { dtype, shape, missing = 0 } = shapes[sent++ % shapes.length]!
        const bytes = shape.reduce((product, side) => product * side, dtype === 'f32' ? 4 : 1) - missing
        const frame = {
          tensor: { kind: direction, dtype, shape, attachments: chain.envelopes },
          lossMicronats,
          settledBelow,
        }
        const reply = await streams.request(to, frame, tensor.slice(0, bytes), signal === undefined ? {} : { signal })
        return isRefusal(reply) ? { kind: 'refused', refusal: reply } : { kind: 'accepted' }
      },
    }),
  }
}
