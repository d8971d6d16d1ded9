/** Tells on the chain what a peer measured of the speeds in its lane: node/peer/speeds-poster without promises. */
import { reportHeight } from '../../consensus/election/index.ts'
import { type Pace, toTell, usualMs } from '../../consensus/routing/index.ts'
import type { SimPeer } from './peer.ts'

export class SimSpeeds {
  readonly #peer: SimPeer
  #toldEpoch = -1

  constructor(peer: SimPeer) {
    this.#peer = peer
  }

  /** A head is final. */
  at(height: number, { measures }: Pace): void {
    const { world, name, stage, behaviour } = this.#peer
    const { epoch } = measures
    const now = world.epochOf(height)
    if (epoch > now || epoch < now - 1 || epoch <= this.#toldEpoch) return
    if (height < reportHeight(world.run.manifest.chain, now)) return
    const known = world.members.speeds(now)
    const times =
      behaviour?.speeds?.(usualMs(measures.roundsMs), known.slow) ??
      toTell(measures, known, world.epoch(epoch).lanes, stage, name)
    if (times === null || times.size === 0) return
    this.#toldEpoch = epoch
    world.recorder.reached('speeds-told', this.#peer.index)
    this.#peer.chain.call(() => world.chain.submit({ speeds: { epoch, times }, peer: name }))
  }
}
