/**
 * Votes twice in every view: one half of its siblings gets another PREVOTE than the others, and all of them a second
 * PRECOMMIT, once the first has helped to decide.
 */
import type { PrivateKey } from '@libp2p/interface'
import type { Parcel } from '../../../protocols/agreement/index.ts'
import { seal } from '../../../protocols/wire/envelope.ts'
import { hashHex, smallHash } from '../../../protocols/wire/hash.ts'
import type { Precommit, Prevote } from '../../../protocols/wire/messages.ts'
import { instead } from '../../../simulations/attackers/instead.ts'
import { tellHalves } from './halves.ts'
import { runLiar } from './liar.ts'

/** A vote for a value that nobody proposed. */
function otherPrevote(vote: Prevote): Prevote {
  const value = vote.value === null ? new Uint8Array(32).fill(7) : smallHash(vote.value)
  return { ...vote, value, validView: -1 }
}

async function instance<Vote extends Prevote | Precommit>(
  parcel: Parcel,
  vote: Vote,
  key: PrivateKey,
): Promise<Parcel> {
  return { ...parcel, signed: await seal(vote, key) }
}

await runLiar((parts, { privateKey }) => {
  const { agreement, self } = parts
  const said = new Map<string, Promise<Parcel>>()
  const once = (slot: string, make: () => Promise<Parcel>): Promise<Parcel> => {
    const known = said.get(slot) ?? make()
    said.set(slot, known)
    return known
  }
  let precommitted: Promise<Parcel> | null = null
  return {
    ...parts,
    agreement: instead(agreement, {
      broadcast(parcel, to) {
        const { payload, signer } = parcel.signed
        const slot = hashHex(smallHash(parcel.signed.envelope))
        if (signer === self && payload.kind === 'prevote' && to !== undefined) {
          void once(slot, () => instance(parcel, otherPrevote(payload), privateKey)).then(other =>
            tellHalves(agreement, to, parcel, other),
          )
          return
        }
        if (signer === self && payload.kind === 'precommit' && payload.value !== null)
          precommitted = once(slot, () => instance(parcel, { ...payload, value: null }, privateKey))
        if (signer === self && payload.kind === 'outcome')
          void precommitted?.then(other => agreement.broadcast(other, to))
        agreement.broadcast(parcel, to)
      },
    }),
  }
})
