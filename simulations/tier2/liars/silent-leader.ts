/** Does everything but propose. */
import { instead } from './instead.ts'
import type { Lie } from './types.ts'

export const silentLeader: Lie = (parts, { acts }) => {
  const { agreement, self } = parts
  return {
    ...parts,
    agreement: instead(agreement, {
      broadcast(parcel, to) {
        const { signer, payload } = parcel.signed
        if (signer === self && payload.kind === 'propose') acts()
        else agreement.broadcast(parcel, to)
      },
    }),
  }
}
