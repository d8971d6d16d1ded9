/**
 * Gossip between all peers: a few hops for each, without the mesh. In a big swarm a stage's peers hear at one time, so that
 * an event a stage stands for one a peer.
 */
import type { Certificate, Settled, Signed } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import { RandomStream } from '../kernel/random.ts'
import { GOSSIP_PEERS, REQUEST_BYTES } from './constants.ts'
import type { SimPeer } from './peer.ts'
import type { World } from './world.ts'

/** Hops of a mesh with degree 6 from a publisher to the farthest of some peers. */
function hopsFor(peers: number): number {
  return peers <= 8 ? 1 : peers <= 64 ? 2 : 4
}

/** Old certificates kept, for floods. */
const OLD_KEPT = 64

/** What faults do to gossip: by peer. */
export interface GossipFaults {
  readonly withheld: Set<number>
  readonly lateMs: Map<number, number>
}

export class SimGossip {
  readonly #world: World
  readonly #random: RandomStream
  readonly faults: GossipFaults = { withheld: new Set(), lateMs: new Map() }
  readonly #old: Certificate[] = []

  constructor(world: World) {
    this.#world = world
    this.#random = new RandomStream(world.scenario.seed, 'gossip')
  }

  settled(from: SimPeer, signed: Signed<Settled>): void {
    this.#publish(from, 'settled', signed.payload.scope.round, REQUEST_BYTES, peer => peer.onSettled([signed]))
  }

  close(from: SimPeer, bundle: readonly Signed<Settled>[]): void {
    const round = bundle[0]?.payload.scope.round ?? 0
    this.#publish(from, 'close', round, bundle.length * REQUEST_BYTES, peer => peer.onSettled(bundle))
  }

  certificate(from: SimPeer, certificate: Certificate): void {
    if (this.#old.length < OLD_KEPT) this.#old.push(certificate)
    const bytes = (certificate.outcomes.length + certificate.commits.length) * REQUEST_BYTES
    const deliver = (peer: SimPeer): void => peer.onCertificate(from, certificate)
    if (this.#world.peers.length <= GOSSIP_PEERS || this.#world.members.change)
      this.#publish(from, 'certificate', certificate.value.scope.round, bytes, deliver)
    else
      this.#toStages(from, stage => {
        if (stage === certificate.value.scope.stage) this.#tell(from, stage, deliver)
        else this.#tellOthers(stage, certificate, deliver)
      })
  }

  /** Something that was gossiped before. */
  anyOld(random: RandomStream): Certificate | null {
    return this.#old.length === 0 ? null : random.pick(this.#old)
  }

  /** What was said before, to one peer again. */
  flood(from: SimPeer, to: SimPeer, certificate: Certificate): void {
    const { round } = certificate.value.scope
    this.#world.send(from, to, 'certificate', round, REQUEST_BYTES, 'control', () =>
      to.onCertificate(from, certificate),
    )
  }

  #publish(from: SimPeer, kind: string, round: number, bytes: number, deliver: (peer: SimPeer) => void): void {
    const { peers } = this.#world
    if (peers.length > GOSSIP_PEERS) {
      this.#toStages(from, stage => this.#tell(from, stage, deliver))
      return
    }
    for (const peer of peers) {
      if (peer === from || this.faults.withheld.has(peer.index)) continue
      const extraMs = this.#delayMs(from, peer) + (this.faults.lateMs.get(peer.index) ?? 0)
      peer.later(extraMs, () => this.#world.send(from, peer, kind, round, bytes, 'control', () => deliver(peer)))
    }
  }

  #toStages(from: SimPeer, arrive: (stage: number) => void): void {
    const { stages, time } = this.#world
    for (const [stage, [first]] of stages.entries()) time.after(this.#delayMs(from, first ?? from), () => arrive(stage))
  }

  #tell(from: SimPeer, stage: number, deliver: (peer: SimPeer) => void): void {
    for (const peer of this.#world.stages[stage]!) if (peer !== from) peer.hear(deliver)
  }

  /** A certificate of another stage, where no stage is re-formed: as SimReplica.onCertificate takes it, but only who has more to do with it is gone to. */
  #tellOthers(stage: number, certificate: Certificate, deliver: (peer: SimPeer) => void): void {
    const { tips, stages, slots } = this.#world
    const { stage: of, round } = certificate.value.scope
    const peers = stages[stage]!
    const isSound = !isRefusal(this.#world.verify(certificate))
    const places = slots[stage]!
    for (let seat = 0; seat < places.length; seat++) {
      const slot = places[seat]!
      if (tips.newest(slot, of) >= round) continue
      if (!isSound || !tips.isListening(slot)) peers[seat]!.hear(deliver)
      else {
        tips.note(slot, of, round)
        if (tips.concerns(slot, stage)) peers[seat]!.replica?.lookAtOthers()
      }
    }
  }

  /** All hops but the last, which is a link like others. */
  #delayMs(from: SimPeer, to: SimPeer): number {
    const hops = hopsFor(this.#world.peers.length) - 1
    let delayMs = from === to ? 0 : this.#random.next() * 5
    for (let hop = 0; hop < hops; hop++) delayMs += 20 + this.#random.next() * 60
    return delayMs
  }
}
