/** The seats of an epoch as a function of those of the epoch before (README.md, "Acting"). */
import { compareText } from '../../protocols/wire/hash.ts'
import type { Change, Hash, PeerName } from '../../protocols/wire/messages.ts'
import { dealStages } from '../election/index.ts'
import { DEPARTURE_EPOCHS } from './constants.ts'
import { dealCandidates } from './deal.ts'
import { nextPauses } from './pauses.ts'
import type { Departure, NextEpoch, Roster, RosterRules } from './types.ts'

/** Epoch 0: the beacon deals every bonded peer its stage. */
export function firstRoster(rules: RosterRules, beacon: Hash, bonded: ReadonlySet<PeerName>): Roster {
  const stageOf = dealStages(beacon, rules.run, [...bonded].sort(compareText), rules.stages)
  return {
    epoch: 0,
    stageOf,
    departing: new Map(),
    barred: new Set(),
    paused: new Map(),
    candidates: new Map(),
    spares: [],
  }
}

export function nextRoster(rules: RosterRules, before: Roster, next: NextEpoch): Roster {
  const epoch = before.epoch + 1
  const stageOf = new Map(before.stageOf)
  const departing = departures(before, next, epoch)
  const barred = new Set([...before.barred].filter(peer => next.bonded.has(peer)))
  admit(rules, { stageOf, departing, barred }, next)
  const least = leastSeats(rules)
  for (const [peer, { act, sinceEpoch }] of inOrder(departing)) {
    const stage = stageOf.get(peer)!
    if (countSeats(stageOf, stage) > least) {
      stageOf.delete(peer)
      departing.delete(peer)
      if (BARRED.includes(act) && next.bonded.has(peer)) barred.add(peer)
    } else if (act === 'remove-absent' && epoch - sinceEpoch >= DEPARTURE_EPOCHS) departing.delete(peer)
  }
  const room = shortages(rules, { stageOf, departing })
  const waiting = [...next.bonded].filter(peer => !stageOf.has(peer) && !barred.has(peer))
  const dealt = dealCandidates(room, waiting, { run: rules.run, beacon: next.beacon, epoch, before: before.candidates })
  return { epoch, stageOf, departing, barred, paused: nextPauses(before, next.decided, epoch), ...dealt }
}

/** Who leaves: who waited already, whose removal was decided, and who has no bond. The worst of several reasons counts. */
function departures(before: Roster, { bonded, decided }: NextEpoch, epoch: number): Map<PeerName, Departure> {
  // Who bonded again before its seat was gone keeps it.
  const departing = new Map([...before.departing].filter(([peer, { act }]) => act !== 'unbonded' || !bonded.has(peer)))
  const note = (peer: PeerName, act: Departure['act']): void => {
    const known = departing.get(peer)
    if (known !== undefined && ORDER.indexOf(known.act) <= ORDER.indexOf(act)) return
    departing.set(peer, { act, sinceEpoch: known?.sinceEpoch ?? epoch })
  }
  for (const { stage, changes } of decided) {
    for (const { peer, act } of changes) if (isRemoval(act) && before.stageOf.get(peer) === stage) note(peer, act)
  }
  for (const peer of before.stageOf.keys()) if (!bonded.has(peer)) note(peer, 'unbonded')
  return departing
}

/** In chain order, of bonded peers without a seat. A record that came late may meet a stage that is full by now. */
function admit(
  rules: RosterRules,
  { stageOf, departing, barred }: Pick<Roster, 'departing' | 'barred'> & { stageOf: Map<PeerName, number> },
  { bonded, decided }: NextEpoch,
): void {
  for (const { stage, changes } of decided) {
    for (const { peer, act } of changes) {
      if (act !== 'admit' || stageOf.has(peer) || !bonded.has(peer) || barred.has(peer)) continue
      if (shortages(rules, { stageOf, departing })[stage]! > 0) stageOf.set(peer, stage)
    }
  }
}

/** Seats that each stage lacks; those that leave count as gone. */
export function shortages(
  { stages, replicas }: RosterRules,
  { stageOf, departing }: Pick<Roster, 'stageOf' | 'departing'>,
): number[] {
  const lacking = Array.from({ length: stages }, () => replicas)
  for (const [peer, stage] of stageOf) if (!departing.has(peer)) lacking[stage]!--
  return lacking.map(count => Math.max(0, count))
}

/** 3f + 1 seats, f that of a full stage: fewer would tolerate fewer liars. */
export function leastSeats({ replicas }: Pick<RosterRules, 'replicas'>): number {
  return 3 * Math.floor((replicas - 1) / 3) + 1
}

/** Proven lies first: what waits for a replacement must not keep them. */
const ORDER: readonly Departure['act'][] = ['remove-proven', 'remove-left', 'remove-absent', 'unbonded']

/** Who went for this gets no seat again under the same bond. */
const BARRED: readonly Departure['act'][] = ['remove-proven', 'remove-left']

function isRemoval(act: Change['act']): act is Exclude<Change['act'], 'admit' | 'pause'> {
  return act !== 'admit' && act !== 'pause'
}

function inOrder(departing: ReadonlyMap<PeerName, Departure>): [PeerName, Departure][] {
  return [...departing].sort(
    ([a, first], [b, second]) => ORDER.indexOf(first.act) - ORDER.indexOf(second.act) || compareText(a, b),
  )
}

function countSeats(stageOf: ReadonlyMap<PeerName, number>, stage: number): number {
  return [...stageOf.values()].filter(other => other === stage).length
}
