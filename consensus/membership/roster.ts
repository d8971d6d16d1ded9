/** The seats of an epoch as a function of those of the epoch before (README.md, "Acting"). */
import { compareBytes, compareText } from '../../protocols/wire/hash.ts'
import type { Hash, PeerName } from '../../protocols/wire/messages.ts'
import { hashList } from '../election/digest.ts'
import { dealStages } from '../election/index.ts'
import { CANDIDATES_PER_SEAT, DEPARTURE_EPOCHS } from './constants.ts'
import type { Departure, NextEpoch, Roster, RosterRules } from './types.ts'

/** Epoch 0: the beacon deals every bonded peer its stage. */
export function firstRoster(rules: RosterRules, beacon: Hash, bonded: ReadonlySet<PeerName>): Roster {
  const stageOf = dealStages(beacon, rules.run, [...bonded].sort(compareText), rules.stages)
  return { epoch: 0, stageOf, departing: new Map(), candidates: new Map(), spares: [] }
}

export function nextRoster(rules: RosterRules, before: Roster, next: NextEpoch): Roster {
  const epoch = before.epoch + 1
  const stageOf = new Map(before.stageOf)
  const departing = new Map(before.departing)
  for (const { stage, changes } of next.decided) {
    for (const { peer, act } of changes) {
      if (act === 'admit') {
        if (next.bonded.has(peer) && !stageOf.has(peer)) stageOf.set(peer, stage)
      } else if (before.stageOf.get(peer) === stage) departing.set(peer, { act, sinceEpoch: epoch })
    }
  }
  for (const peer of before.stageOf.keys()) {
    if (!next.bonded.has(peer) && !departing.has(peer)) departing.set(peer, { act: 'unbonded', sinceEpoch: epoch })
  }
  const least = leastSeats(rules)
  for (const [peer, { sinceEpoch }] of inOrder(departing)) {
    const stage = stageOf.get(peer)
    if (stage !== undefined && countSeats(stageOf, stage) <= least) {
      if (epoch - sinceEpoch >= DEPARTURE_EPOCHS) departing.delete(peer)
      continue
    }
    stageOf.delete(peer)
    departing.delete(peer)
  }
  return { epoch, stageOf, departing, ...deal(rules, before, { ...next, stageOf, departing }) }
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

function inOrder(departing: ReadonlyMap<PeerName, Departure>): [PeerName, Departure][] {
  return [...departing].sort(
    ([a, first], [b, second]) => ORDER.indexOf(first.act) - ORDER.indexOf(second.act) || compareText(a, b),
  )
}

function countSeats(stageOf: ReadonlyMap<PeerName, number>, stage: number): number {
  return [...stageOf.values()].filter(other => other === stage).length
}

function deal(
  rules: RosterRules,
  before: Roster,
  { beacon, bonded, stageOf, departing }: NextEpoch & Pick<Roster, 'stageOf' | 'departing'>,
): Pick<Roster, 'candidates' | 'spares'> {
  const room = shortages(rules, { stageOf, departing }).map(seats => seats * CANDIDATES_PER_SEAT)
  const waiting = [...bonded]
    .filter(peer => !stageOf.has(peer))
    .map(peer => ({ peer, key: hashList([beacon, rules.run, 'deal', peer]) }))
    .sort((a, b) => compareBytes(a.key, b.key) || compareText(a.peer, b.peer))
    .map(({ peer }) => peer)
  const candidates = new Map<PeerName, number>()
  // Who began to fetch a stage's state goes on with it.
  for (const peer of waiting) {
    const stage = before.candidates.get(peer)
    if (stage !== undefined && room[stage]! > 0) {
      candidates.set(peer, stage)
      room[stage]!--
    }
  }
  const spares: PeerName[] = []
  for (const peer of waiting) {
    if (candidates.has(peer)) continue
    const most = Math.max(...room)
    if (most === 0) {
      spares.push(peer)
      continue
    }
    const stage = room.indexOf(most)
    candidates.set(peer, stage)
    room[stage]!--
  }
  return { candidates, spares }
}
