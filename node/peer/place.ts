/** A peer's place in an epoch, and what it means in words. Pure. */
import {
  type Departure,
  leastSeats,
  type Roster,
  type RosterRules,
  shortages,
} from '../../consensus/membership/index.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import type { NodeEvents } from '../events/types.ts'

export type Place =
  | { readonly role: 'seat'; readonly stage: number; readonly departing: Departure | null }
  | { readonly role: 'candidate'; readonly stage: number }
  | { readonly role: 'spare' }
  | { readonly role: 'none' }

export function placeIn({ stageOf, departing, candidates, spares }: Roster, peer: PeerName): Place {
  const stage = stageOf.get(peer)
  if (stage !== undefined) return { role: 'seat', stage, departing: departing.get(peer) ?? null }
  const dealt = candidates.get(peer)
  if (dealt !== undefined) return { role: 'candidate', stage: dealt }
  return { role: spares.includes(peer) ? 'spare' : 'none' }
}

interface Rosters {
  /** Of the finalised head's epoch. */
  readonly current: Roster
  /** That one, or the next where it is known. */
  readonly newest: Roster
}

/** Where a peer belongs: a seat that it still has, or will have, comes first. */
export function placeNow({ current, newest }: Rosters, peer: PeerName): Place {
  const now = placeIn(current, peer)
  return now.role === 'seat' ? now : placeIn(newest, peer)
}

/** What a stage lacks, as one sentence. */
export function shortageText(stage: number, lacking: number): string {
  return `stage ${stage} needs ${lacking} more ${lacking === 1 ? 'replica' : 'replicas'}`
}

/** Of a stage whose members claim what is left of it. @param needs - peers that it lacks, once the claims are complete */
export function lostText({ stage, untilHeight, needs }: NodeEvents['stage.lost']): string {
  return needs === 0
    ? `stage ${stage} lost its quorum: claims until block ${untilHeight}`
    : `${shortageText(stage, needs)}: it lost its quorum, and goes on once they bond`
}

/** Every stage that lacks seats, as one sentence; empty where none does. */
export function shortagesText(rules: Pick<RosterRules, 'stages' | 'replicas'>, roster: Roster): string {
  const lacking = shortages({ run: '', ...rules }, roster)
  return lacking.flatMap((count, stage) => (count === 0 ? [] : shortageText(stage, count))).join(', ')
}

const BECAUSE: Readonly<Record<Departure['act'], string>> = {
  'remove-left': 'it gives its seat up',
  'remove-absent': 'its stage has not heard from it',
  'remove-proven': 'it signed a contradiction',
  unbonded: 'its bond is gone',
}

/** Why a seat is to go and is still there. */
export function departureText({ act }: Departure, rules: Pick<RosterRules, 'replicas'>, seats: number): string {
  const least = leastSeats(rules)
  return `${BECAUSE[act]}; it waits for a replacement, because its stage has ${seats} seats and keeps at least ${least}`
}
