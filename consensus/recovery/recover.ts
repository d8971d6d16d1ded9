/** Which stages an epoch re-forms, from what and with whom (README.md, "Recovery"). Pure. */
import { compareBytes, compareText } from '../../protocols/wire/hash.ts'
import type { Hash, PeerName } from '../../protocols/wire/messages.ts'
import { hashList } from '../election/digest.ts'
import type { Roster, RosterRules } from '../membership/types.ts'
import { baseOf } from './base.ts'
import { claimsUntil, holdsFinal, patienceUntil } from './lease.ts'
import type { Claim, LeaseRules, Recovery, Shortage, StageLease } from './types.ts'

export interface RecoverInit {
  readonly run: RosterRules['run']
  readonly rules: LeaseRules
  /** The roster of the epoch before. */
  readonly before: Roster
  /** One a stage, with everything up to `beaconHeight` taken in. */
  readonly leases: readonly StageLease[]
  readonly epoch: number
  readonly beaconHeight: number
  readonly beacon: Hash
  /** Peers with a bond of at least the floor at the epoch's height. */
  readonly bonded: ReadonlySet<PeerName>
}

export interface Recovered {
  readonly recoveries: readonly Recovery[]
  /** Stages whose claims are complete, but too few. */
  readonly shortages: readonly Shortage[]
}

/** In the order of the stages: an earlier one is given the spares first. */
export function recover(init: RecoverInit): Recovered {
  const { leases, rules, beaconHeight, before } = init
  const recoveries: Recovery[] = []
  const shortages: Shortage[] = []
  const taken = new Set<PeerName>()
  for (const [stage, lease] of leases.entries()) {
    const complete = claimsUntil(lease, rules)
    if (complete === null || beaconHeight < complete) continue
    const old = seatsOf(before, stage)
    const faults = Math.max(0, Math.floor((old.length - 1) / 3))
    const claims = new Map([...lease.claims].filter(([peer]) => counts(init, stage, peer)))
    const hasWaited = beaconHeight >= (patienceUntil(lease, rules) ?? Number.POSITIVE_INFINITY)
    const found = baseOf({ lease, claims, faults, hasWaited })
    if (found === null) {
      // With a checkpoint there is something to go on from in time; else somebody of the stage must come back.
      if (lease.kept.size === 0) shortages.push({ stage, needs: 1 })
      continue
    }
    const { point: base, keepers, isInVain } = found
    const waiting = spares(init, stage, taken)
    const queue = isInVain
      ? givers(lease, claims, waiting, faults)
      : [...[...claims.keys()].sort(compareText), ...waiting]
    const seats = queue.slice(0, old.length).sort(compareText)
    const needs = 3 * faults + 1 - seats.length
    if (needs > 0) {
      shortages.push({ stage, needs })
      continue
    }
    for (const peer of seats) taken.add(peer)
    const claimants = seats.filter(peer => claims.has(peer))
    const isAttested = claims.size > faults
    const at = { stage, epoch: init.epoch, base, resume: resumeRound(leases) }
    recoveries.push({ ...at, seats, claimants, isAttested, keepers })
  }
  return { recoveries, shortages }
}

/**
 * The roster of the epoch before as the recoveries leave it: the new epoch's follows from this one. Whoever lost a seat
 * waits for one like any bonded peer; who was found absent, or had left, and claims, is back.
 */
export function reseat(before: Roster, recoveries: readonly Recovery[]): Roster {
  if (recoveries.length === 0) return before
  const stageOf = new Map(before.stageOf)
  const departing = new Map(before.departing)
  for (const { stage, seats } of recoveries) {
    for (const peer of seatsOf(before, stage)) {
      stageOf.delete(peer)
      departing.delete(peer)
    }
    for (const peer of seats) stageOf.set(peer, stage)
  }
  return { ...before, stageOf, departing }
}

/** Above every round that is final anywhere, and above the one that a claimant may have voted in: no number stands for two rounds. */
function resumeRound(leases: readonly StageLease[]): number {
  let highest = 0
  for (const { final, claims, kept } of leases) {
    // Who shows nothing newer may have voted after what is final.
    const voted = [...claims.values()].map(({ newest }) => 1 + Math.max(newest?.round ?? 0, final.round))
    const checkpoints = [...kept.values()].map(({ round }) => 1 + round)
    highest = Math.max(highest, final.round, ...voted, ...checkpoints)
  }
  return highest + 1
}

/** A claim of a seat of the stage that is bonded, and was not proven to lie. */
function counts({ before, bonded }: RecoverInit, stage: number, peer: PeerName): boolean {
  return before.stageOf.get(peer) === stage && bonded.has(peer) && before.departing.get(peer)?.act !== 'remove-proven'
}

/**
 * Who sits there where the base was tried in vain: those who have it, then f of those who were away when the stage was
 * re-formed from it, as they may have it and are heard only with a seat, and no more, as they may be gone; then the others,
 * those first who have something.
 */
function givers(
  lease: StageLease,
  claims: ReadonlyMap<PeerName, Claim>,
  waiting: readonly PeerName[],
  faults: number,
): PeerName[] {
  const claimants = [...claims].sort(([a], [b]) => compareText(a, b))
  const having = (has: (claim: Claim) => boolean): PeerName[] =>
    claimants.flatMap(([peer, claim]) => (has(claim) ? [peer] : []))
  const away = waiting.filter(peer => lease.away.has(peer)).slice(0, faults)
  const first = [...having(claim => holdsFinal(claim, lease)), ...away]
  return [...new Set([...first, ...having(({ holds }) => holds), ...claimants.map(([peer]) => peer), ...waiting])]
}

/**
 * Bonded peers without a seat: candidates of the stage, who fetch its state already, first, and last who had a seat when the
 * stage was re-formed and did not claim; else by the epoch's beacon.
 */
function spares(
  { before, bonded, beacon, run, leases }: RecoverInit,
  stage: number,
  taken: ReadonlySet<PeerName>,
): PeerName[] {
  const turn = (peer: PeerName): number => {
    if (leases[stage]?.silent.has(peer) === true) return 2
    return before.candidates.get(peer) === stage ? 0 : 1
  }
  return [...bonded]
    .filter(peer => !before.stageOf.has(peer) && !before.barred.has(peer) && !taken.has(peer))
    .map(peer => ({ peer, key: hashList([beacon, run, 'deal', peer]) }))
    .sort((a, b) => turn(a.peer) - turn(b.peer) || compareBytes(a.key, b.key) || compareText(a.peer, b.peer))
    .map(({ peer }) => peer)
}

function seatsOf({ stageOf }: Roster, stage: number): PeerName[] {
  return [...stageOf].flatMap(([peer, dealt]) => (dealt === stage ? [peer] : []))
}
