/** Signs two commitments a round, of different roots, and shows each to one half of its siblings. */
import { seal } from '../../../protocols/wire/envelope.ts'
import { smallHash } from '../../../protocols/wire/hash.ts'
import { merkleRoot } from '../../../protocols/wire/merkle.ts'
import type { Commit, Signed } from '../../../protocols/wire/messages.ts'
import { instead } from '../../../simulations/attackers/instead.ts'
import { tellHalves } from './halves.ts'
import { runLiar } from './liar.ts'

await runLiar((parts, { privateKey }) => {
  const { agreement, self } = parts
  /** By the first one's envelope: what is said again is said as before. */
  const seconds = new Map<Uint8Array, Promise<Signed<Commit>>>()
  const second = (signed: Signed, first: Commit): Promise<Signed<Commit>> => {
    const leaves = first.leaves.toReversed()
    const made =
      seconds.get(signed.envelope) ?? seal({ ...first, leaves, root: merkleRoot(leaves, smallHash) }, privateKey)
    seconds.set(signed.envelope, made)
    return made
  }
  return {
    ...parts,
    agreement: instead(agreement, {
      broadcast(parcel, to) {
        const { signed } = parcel
        if (signed.payload.kind !== 'commit' || signed.signer !== self || to === undefined)
          agreement.broadcast(parcel, to)
        else
          void second(signed, signed.payload).then(other =>
            tellHalves(agreement, to, parcel, { ...parcel, signed: other }),
          )
      },
    }),
  }
})
