/** What a world tells of itself that is no one peer's: seats, recoveries, and what was certified and what it pays, once a round and stage. */
import type { Epoch } from '../../node/peer/epoch.ts'
import type { Certified } from '../../node/peer/follow.ts'
import type { Ledger } from '../../node/peer/ledger.ts'
import { hashHex } from '../../protocols/wire/hash.ts'
import type { Certificate, PeerName } from '../../protocols/wire/messages.ts'
import { Audit } from './audit.ts'
import type { SimPeer } from './peer.ts'
import type { World } from './world.ts'

export class WorldTeller {
  roundsDecided = 0
  readonly #world: World
  readonly #judged = new Set<string>()
  readonly #audit: Audit

  constructor(world: World) {
    this.#world = world
    this.#audit = new Audit(world)
  }

  /** Only where they may change. */
  seats({ number, groups }: Epoch): void {
    const { members, recorder, time } = this.#world
    if (!members.change) return
    for (const [stage, { seats }] of groups.entries()) {
      const peers = seats.map(({ peer }) => this.#indexOf(peer))
      recorder.emit({ type: 'seats', atMs: time.nowMs, stage, epoch: number, peers })
    }
  }

  /** What an epoch makes of stages that lost their quorum. */
  ledger(epoch: number, { recoveries, shortages }: Ledger): void {
    const { recorder, time } = this.#world
    const indexOf = (name: PeerName): number => this.#indexOf(name)
    const at = { atMs: time.nowMs, epoch }
    for (const { stage, base, resume, seats, claimants, keepers } of recoveries) {
      const start = this.#world.epochStart(epoch)
      const from = { base: base.round, value: hashHex(base.value), resume, start }
      const who = { peers: seats.map(indexOf), claimants: claimants.map(indexOf), keepers: keepers.map(indexOf) }
      recorder.emit({ type: 'reformed', ...at, stage, ...from, ...who })
      recorder.reached('stage-reformed')
    }
    for (const { stage, needs } of shortages) {
      recorder.emit({ type: 'short', ...at, stage, needs })
      recorder.reached('stage-short')
    }
  }

  certified(
    peer: SimPeer,
    certificate: Certificate,
    { tip, verified }: Certified,
    next: 'promote' | 'keep' | 'adopt',
    view: number,
  ): void {
    const { recorder, time, members } = this.#world
    const { value, outcome, commits } = verified
    recorder.emit({
      type: 'certified',
      atMs: time.nowMs,
      peer: peer.index,
      stage: peer.stage,
      round: tip.round,
      view,
      value: hashHex(verified.valueId),
      outcome: hashHex(verified.outcomeHash),
      state: hashHex(outcome.state),
      parent: { value: hashHex(value.parent.value), outcome: hashHex(value.parent.outcome) },
      skip: certificate.value.commits === 'skip',
      sealed: commits.map(({ signer, payload }) => ({
        peer: this.#indexOf(signer),
        count: payload.count,
        trace: payload.trace.map(({ source, sequence }) => `${this.#world.peerOf(source)?.index}/${sequence}`),
      })),
      signers: verified.signers.map(name => this.#indexOf(name)),
      ...(members.change ? { epoch: value.scope.epoch } : {}),
      next,
    })
    if (!peer.isHonest) return
    // A re-formed stage may use a number again.
    const key = `${peer.stage}/${value.scope.epoch}/${tip.round}`
    if (this.#judged.has(key)) return
    this.#judged.add(key)
    this.roundsDecided++
    for (const { peer: name, act } of value.changes) {
      const of = this.#indexOf(name)
      recorder.emit({ type: 'changed', atMs: time.nowMs, peer: of, stage: peer.stage, round: tip.round, act })
      recorder.reached(`decided/${act}`, of)
    }
    this.#audit.recompute(peer, verified)
    this.#audit.pay(peer.stage, tip.round, commits)
  }

  #indexOf(name: PeerName): number {
    return this.#world.peerOf(name)?.index ?? -1
  }
}
