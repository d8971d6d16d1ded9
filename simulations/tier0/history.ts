/** A stage's certificates in order, past its recoveries (node/peer/history, without promises). */
import { type Certified, certify, scopeDue } from '../../node/peer/follow.ts'
import { type Standing, settledTip, standing } from '../../node/peer/reformed.ts'
import type { Tip } from '../../node/peer/tip.ts'
import { manifestHash } from '../../node/run/state-chain.ts'
import type { Certificate } from '../../protocols/wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../../protocols/wire/refusals.ts'
import type { SimPeer } from './peer.ts'

const NOTHING = new Uint8Array(0)

export class SimHistory {
  readonly #peer: SimPeer

  constructor(peer: SimPeer) {
    this.#peer = peer
  }

  /** What the recoveries of the stage mean for a history that ends here, as far as they are known. */
  standing(tip: Tip): Standing {
    return standing(tip, this.#peer.recoveries)
  }

  /** Where the next round builds after a tip: past the recoveries that go on from it. */
  settled(tip: Tip): Tip {
    const { world, recoveries, chain } = this.#peer
    return settledTip(tip, recoveries, epoch => {
      const height = world.epochStart(epoch)
      return height <= chain.finalized.height ? world.chain.block(height) : undefined
    })
  }

  /** Is this the round after a tip? */
  follow(certificate: Certificate, before: Tip): Certified | Refusal {
    const { world, stage } = this.#peer
    const tip = this.settled(before)
    if (this.standing(tip).type === 'left') return refuse('stale-record', 'the stage was re-formed')
    const number = world.epochOf(tip.reference.height)
    const wrong = scopeDue(certificate.value.scope, { run: world.run.id, stage, epoch: number })
    if (wrong !== null) return wrong
    const verified = world.verify(certificate, tip.parent)
    return isRefusal(verified) ? verified : certify(tip, verified, NOTHING, manifestHash(world.run.id))
  }
}
