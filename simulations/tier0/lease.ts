/**
 * A peer and the lease of its stage: whether it votes, and what it writes to the chain (node/peer/lease-watch and
 * lease-poster, without promises).
 */
import { ROLES, rankByStake } from '../../consensus/election/index.ts'
import {
  type ClaimRecord,
  isUnderWay,
  leaseDuty,
  type Posted,
  type StageLease,
  votesUntil,
} from '../../consensus/recovery/index.ts'
import { isSeated } from '../../node/peer/epoch.ts'
import type { ValueWithOutcomes } from '../../protocols/wire/certificate.ts'
import type { SimPeer } from './peer.ts'

export class SimLease {
  readonly #peer: SimPeer
  #mayVote = true
  #posted: Posted | null = null

  constructor(peer: SimPeer) {
    this.#peer = peer
  }

  /** False while the stage's lease has run out, as far as this peer's node shows. */
  get mayVote(): boolean {
    return this.#mayVote
  }

  /** A head is final. */
  at(height: number): void {
    const { world, stage, replica, inbox } = this.#peer
    if (!world.members.change || replica === null) return
    const leases = world.members.leasesAt(height)
    const lease = leases[stage]
    if (lease === undefined) return
    const held = this.#mayVote
    this.#mayVote = height <= votesUntil(lease, world.members.leaseRules)
    if (held && !this.#mayVote) world.recorder.reached('lease-ran-out', this.#peer.index)
    if (this.#mayVote) inbox?.current?.voteAgain()
    this.#act(height, lease)
    if (world.hasSeat(this.#peer)) this.#peer.keeper.at(height, leases)
  }

  #act(height: number, lease: StageLease): void {
    const { world, stage, name, journal, replica } = this.#peer
    const own = this.#peer.epoch
    // Who follows until it has the base looks back at an epoch in which it has no seat.
    const epoch = own !== null && isSeated(own, name, stage) ? own : world.epoch(world.epochOf(height))
    if (replica === null || replica.isFinished || !isSeated(epoch, name, stage)) return
    const newest = journal.rounds.get(replica.tip.round)?.certificate ?? null
    const rank = (round: number): number => {
      const draw = { beacon: epoch.beacon, run: world.run.id, stage, round, role: ROLES.anchorer }
      const seats = epoch.groups[stage]?.seats ?? []
      return Math.max(0, rankByStake(draw, seats, BigInt(world.run.manifest.stake.cap)).indexOf(name))
    }
    const holds = newest !== null || replica.standing.type === 'on'
    const view = { height, lease, self: name, newest: newest === null ? null : roundOf(newest), holds, rank }
    const duty = leaseDuty(view, world.members.leaseRules)
    if (duty === 'idle') replica.inbox.current?.idle()
    if (duty === 'renew' && newest !== null) this.#renew(height, lease, newest)
    if (duty === 'claim') this.#claim(height, lease, { stage, holds, newest: newest === null ? null : shown(newest) })
  }

  #renew(height: number, { renewedAt }: StageLease, newest: ValueWithOutcomes): void {
    const peer = this.#peer
    if (!this.#notes({ height, lease: renewedAt, what: 'renewal' })) return
    peer.world.recorder.reached('lease-renewed', peer.index)
    peer.chain.call(() => peer.world.chain.submit({ renewal: shown(newest), peer: peer.name }))
  }

  #claim(height: number, { renewedAt }: StageLease, claim: Omit<ClaimRecord, 'kind'>): void {
    const peer = this.#peer
    const round = claim.newest?.value.scope.round ?? 0
    const what = claim.holds ? `claim ${round}` : 'claim without a state'
    if (!this.#notes({ height, lease: renewedAt, what })) return
    peer.world.recorder.reached('recovery-claimed', peer.index)
    peer.chain.call(() => peer.world.chain.submit({ claim: peer.behaviour?.claim?.(claim) ?? claim, peer: peer.name }))
  }

  #notes(now: Posted): boolean {
    if (isUnderWay(this.#posted, now)) return false
    this.#posted = now
    return true
  }
}

function shown({ value, outcomes }: ValueWithOutcomes): ValueWithOutcomes {
  return { value, outcomes }
}

function roundOf({ value: { scope, reference } }: ValueWithOutcomes): {
  readonly round: number
  readonly epoch: number
  readonly referenceHeight: number
} {
  return { round: scope.round, epoch: scope.epoch, referenceHeight: reference.height }
}
