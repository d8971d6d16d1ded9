/**
 * What this replica would see changed about the members of its stage, with what proves it: collected as it comes, handed to
 * each round's machine, which decides what of it can be decided (consensus/membership).
 */

import { absenceRounds, absences, roundsToKeep, type Wish } from '../../consensus/membership/index.ts'
import type { RoundContext } from '../../consensus/round/types.ts'
import { open } from '../../protocols/wire/envelope.ts'
import type { Change, Evidence, Leave, Outcome, Pause, PeerName, Signed } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import type { PayloadOf } from '../../protocols/wire/table.ts'
import type { Membership } from './membership.ts'

export interface WishesInit {
  readonly self: PeerName
  readonly stage: number
  readonly membership: Pick<Membership, 'roster'>
  /** A wish for the round in progress, or the next. */
  readonly onWish: (round: number | null, wish: Wish) => void
}

export class Wishes {
  readonly #init: WishesInit
  /** Newest OUTCOME of each candidate. */
  readonly #candidates = new Map<PeerName, Signed<Outcome>>()
  /** Newest LEAVE or PAUSE of each seat. */
  readonly #going = new Map<PeerName, Signed<Leave | Pause>>()
  readonly #proven = new Map<PeerName, readonly Signed[]>()
  /** Outcomes of the certificates that the own rounds ended with, by round: what may show an absence. */
  readonly #certified = new Map<number, readonly Signed<Outcome>[]>()

  constructor(init: WishesInit) {
    this.#init = init
  }

  /** True where the message is no business of the round's machine. */
  take(signed: Signed): boolean {
    const { onWish } = this.#init
    const { signer } = signed
    if (isA(signed, 'leave') || isA(signed, 'pause')) {
      if (this.#roleIn(signed) === 'seat') {
        this.#going.set(signer, signed)
        onWish(null, going(signed))
      }
      return true
    }
    if (!isA(signed, 'outcome') || this.#roleIn(signed) === 'seat') return false
    if (this.#roleIn(signed) === null) return true
    const { round } = signed.payload.scope
    const known = this.#candidates.get(signer)
    if (known !== undefined && known.payload.scope.round >= round) return true
    this.#candidates.set(signer, signed)
    onWish(round + 1, admission(signed))
    return true
  }

  /** Seats of the epoch that have said that they pause. */
  pausing(epoch: number): number {
    const isOf = ({ kind, scope }: Leave | Pause): boolean => kind === 'pause' && scope.epoch === epoch
    return [...this.#going.values()].filter(({ payload }) => isOf(payload)).length
  }

  /** A seat contradicted itself. */
  async proven({ accused, envelopes }: Evidence): Promise<void> {
    const opened = await Promise.all(envelopes.map(envelope => open(envelope)))
    const proof = opened.flatMap(signed => (isRefusal(signed) ? [] : [signed]))
    if (proof.length < envelopes.length || this.#proven.has(accused)) return
    this.#proven.set(accused, proof)
    this.#init.onWish(null, wish(accused, 'remove-proven', proof))
  }

  /** A round of the own stage ended here with these outcomes. */
  certified(round: number, outcomes: readonly Signed<Outcome>[]): void {
    this.#certified.set(round, outcomes)
  }

  /** All that can be wished for in a round that is opened; what is over is forgotten. */
  forRound(context: RoundContext): Wish[] {
    const { scope, group, membership } = context
    for (const [peer, { payload }] of this.#candidates)
      if (payload.scope.round < scope.round - 1) this.#candidates.delete(peer)
    for (const [peer, { payload }] of this.#going) if (payload.scope.epoch < scope.epoch) this.#going.delete(peer)
    for (const peer of this.#proven.keys()) if (!group.seats.some(seat => seat.peer === peer)) this.#proven.delete(peer)
    const kept = new Set(membership === null ? [] : roundsToKeep(membership).map(({ round }) => round))
    for (const round of this.#certified.keys()) if (!kept.has(round)) this.#certified.delete(round)
    if (membership === null) return []
    return [
      ...[...this.#proven].map(([peer, proof]) => wish(peer, 'remove-proven', proof)),
      ...[...this.#going.values()].map(going),
      ...this.#absences(context),
      ...[...this.#candidates.values()].filter(({ payload }) => payload.scope.round === scope.round - 1).map(admission),
    ]
  }

  /** What the signer is to this stage in the epoch that it signed for; null where it is nothing, or the epoch is not known. */
  #roleIn({ signer, payload }: Signed<Outcome | Leave | Pause>): 'seat' | 'candidate' | null {
    const { stage, membership } = this.#init
    const roster = membership.roster(payload.scope.epoch)
    if (roster?.stageOf.get(signer) === stage) return 'seat'
    return roster?.candidates.get(signer) === stage ? 'candidate' : null
  }

  /** Seats that too few have heard for long, as the own certificates show. */
  #absences(context: RoundContext): Wish[] {
    const rounds = context.membership === null ? null : absenceRounds(context.scope, context.membership)
    const outcomes = (rounds ?? []).map(({ round }) => this.#certified.get(round) ?? [])
    return absences(context, outcomes).filter(({ change }) => change.peer !== this.#init.self)
  }
}

function wish(peer: PeerName, act: Change['act'], proof: readonly Signed[]): Wish {
  return { change: { peer, act }, proof }
}

function admission(signed: Signed<Outcome>): Wish {
  return wish(signed.signer, 'admit', [signed])
}

function going(signed: Signed<Leave | Pause>): Wish {
  return wish(signed.signer, signed.payload.kind === 'leave' ? 'remove-left' : 'pause', [signed])
}

function isA<K extends Signed['payload']['kind']>(signed: Signed, kind: K): signed is Signed<PayloadOf<K>> {
  return signed.payload.kind === kind
}
