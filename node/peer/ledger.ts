/** The leases of the stages as they stand at an epoch's beacon height, and the stages that the epoch re-forms. Pure. */
import type { NextEpoch, Roster, RosterRules } from '../../consensus/membership/index.ts'
import { nextRoster } from '../../consensus/membership/index.ts'
import {
  firstLease,
  type LeaseRules,
  leaseOf,
  noteEvents,
  type Recovery,
  recover,
  reseat,
  type Shortage,
  type StageEvent,
  type StageLease,
} from '../../consensus/recovery/index.ts'
import { FIRST_ROUND, NO_PARENT } from '../run/state-chain.ts'

export interface Ledger {
  /** One a stage; of a stage that was re-formed the new one. */
  readonly leases: readonly StageLease[]
  readonly recoveries: readonly Recovery[]
  readonly shortages: readonly Shortage[]
}

export function firstLedger({ stages }: RosterRules, startHeight: number): Ledger {
  const origin = { round: FIRST_ROUND - 1, ...NO_PARENT }
  return {
    leases: Array.from({ length: stages }, () => firstLease(startHeight, origin)),
    recoveries: [],
    shortages: [],
  }
}

export interface NextLedgerInit {
  readonly rules: RosterRules
  readonly leaseRules: LeaseRules
  readonly before: { readonly roster: Roster; readonly ledger: Ledger }
  readonly next: NextEpoch
  /** In the blocks up to `beaconHeight` that were not taken in before. */
  readonly events: readonly StageEvent[]
  readonly beaconHeight: number
  /** First block of the epoch. */
  readonly startHeight: number
}

/** The roster and the ledger of the epoch after. */
export function nextLedger(init: NextLedgerInit): { readonly roster: Roster; readonly ledger: Ledger } {
  const { rules, leaseRules, before, next, events, beaconHeight, startHeight } = init
  const epoch = before.roster.epoch + 1
  const leases = noteEvents(before.ledger.leases, leaseRules, before.roster.stageOf, events)
  const { beacon, bonded } = next
  const run = { run: rules.run, rules: leaseRules, before: before.roster, leases, epoch, beaconHeight, beacon, bonded }
  const { recoveries, shortages } = recover(run)
  const reformed = new Map(recoveries.map(recovery => [recovery.stage, recovery]))
  // What the lost group had decided about its members was settled by who claimed, whenever its record comes.
  const decided = next.decided.filter(
    ({ stage, epoch: of }) => !reformed.has(stage) && of >= (leases[stage]?.recoveries.at(-1)?.epoch ?? 0),
  )
  const roster = nextRoster(rules, reseat(before.roster, recoveries), { ...next, decided })
  const renewed = leases.map((lease, stage) => {
    const recovery = reformed.get(stage)
    if (recovery === undefined) return lease
    const silent = [...before.roster.stageOf].flatMap(([peer, of]) =>
      of === stage && !recovery.claimants.includes(peer) ? [peer] : [],
    )
    return leaseOf(recovery, lease, startHeight, silent)
  })
  return { roster, ledger: { leases: renewed, recoveries, shortages } }
}
