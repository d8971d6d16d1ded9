/**
 * Who sits where as the chain has it: the shipped rules (consensus/membership, consensus/recovery) over the records and bonds
 * of the modelled chain.
 */
import { beaconHeight, beaconOf, seatsHeight } from '../../consensus/election/index.ts'
import { checkRecord, type DecidedChanges, firstRoster, type Roster } from '../../consensus/membership/index.ts'
import {
  checkShown,
  inForce,
  type LeaseRules,
  noteEvents,
  type Recovery,
  type ShownRound,
  type StageEvent,
  type StageLease,
} from '../../consensus/recovery/index.ts'
import { NO_SPEEDS, nextSpeeds, reportsByEpoch, type Speeds } from '../../consensus/routing/index.ts'
import { RECORD_EPOCHS } from '../../node/peer/decisions.ts'
import { certifyingGroup } from '../../node/peer/follow.ts'
import { firstLedger, type Ledger, nextLedger } from '../../node/peer/ledger.ts'
import { anchoringEpochs } from '../../node/peer/reformed.ts'
import type { ValueWithOutcomes } from '../../protocols/wire/certificate.ts'
import { hashHex } from '../../protocols/wire/hash.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import { FIRST_FINAL } from '../kernel/chain.ts'
import { isOutcome, openLabels } from './labels.ts'
import { isCheckpoint, isClaim, isRecord, isRenewal, isSpeeds } from './transactions.ts'
import type { World } from './world.ts'

export interface MembersInit {
  readonly world: World
  /** Bonded in block S. */
  readonly seats: readonly PeerName[]
  /** Bonded in the block after it. */
  readonly spares: readonly PeerName[]
  /** Stages are re-formed even where nobody waits for a seat. */
  readonly hasLeases: boolean
}

interface Seating {
  readonly roster: Roster
  readonly ledger: Ledger
}

export class Members {
  /** False where there is nobody to come: then the rosters are all the first one. */
  readonly change: boolean
  /** Leases are as short as the scenario says, so that one may run out. */
  readonly hasLeases: boolean
  readonly #init: MembersInit
  readonly #seatings: Seating[] = []
  readonly #speeds: Speeds[] = [NO_SPEEDS]
  readonly #counted = new Set<string>()
  #noted: { readonly height: number; readonly leases: readonly StageLease[] } | null = null
  /** Of each stage, what its lease showed to be final when it was told last. */
  readonly #told = new Map<number, number>()

  constructor(init: MembersInit) {
    this.#init = init
    this.hasLeases = init.hasLeases
    this.change = init.spares.length > 0 || init.hasLeases
  }

  /** Only of epochs whose height is final. */
  roster(epoch: number): Roster {
    return this.#seating(epoch).roster
  }

  /** What the reports of the epochs before make of the seats of this one. */
  speeds(epoch: number): Speeds {
    while (this.#speeds.length <= epoch) this.#speeds.push(this.#nextSpeeds(this.#speeds.length))
    return this.#speeds[epoch]!
  }

  /** How a stage was re-formed up to this epoch, whose height is final. */
  recoveries(stage: number, epoch: number): readonly Recovery[] {
    const found: Recovery[] = []
    for (let number = 0; number <= epoch; number++)
      found.push(...this.#seating(number).ledger.recoveries.filter(recovery => recovery.stage === stage))
    return inForce(found)
  }

  /** May its anchor of a stage, in this final block, count (node/peer/membership)? */
  hadSeat(peer: PeerName, stage: number, height: number): boolean {
    const epoch = this.#init.world.epochOf(height)
    const epochs = anchoringEpochs(epoch, this.recoveries(stage, epoch))
    return epochs.some(number => number >= 0 && this.roster(number).stageOf.get(peer) === stage)
  }

  /** Is this round one that a stage which was re-formed left out? */
  isPassedOver(round: number, epoch: number): boolean {
    if (!this.change) return false
    return Array.from({ length: this.#init.world.run.manifest.stages }, (_, stage) => stage).some(stage =>
      this.recoveries(stage, epoch).some(({ base, resume }) => base.round < round && round < resume),
    )
  }

  get leaseRules(): LeaseRules {
    return this.#init.world.run.manifest.chain
  }

  /** The leases as a final head shows them (node/peer/lease-watch). */
  leasesAt(height: number): readonly StageLease[] {
    if (this.#noted?.height === height) return this.#noted.leases
    const { world } = this.#init
    const epoch = world.newestEpoch(height)
    const { ledger, roster } = this.#seating(epoch)
    const events = this.#events(beaconHeight(world.run.manifest.chain, epoch), height, at =>
      Math.min(world.epochOf(at), epoch),
    )
    const leases = noteEvents(ledger.leases, this.leaseRules, roster.stageOf, events)
    this.#noted = { height, leases }
    return leases
  }

  /** Tells what became final; in the order of the blocks. */
  tell(height: number): void {
    const { world } = this.#init
    for (const [stage, { final }] of this.leasesAt(height).entries()) {
      if (final.round <= (this.#told.get(stage) ?? 0)) continue
      this.#told.set(stage, final.round)
      const { round, value } = final
      world.recorder.emit({ type: 'renewed', atMs: world.time.nowMs, stage, round, value: hashHex(value) })
    }
  }

  #nextSpeeds(epoch: number): Speeds {
    const { world } = this.#init
    const { chain } = world.run.manifest
    const range = [beaconHeight(chain, epoch - 1), beaconHeight(chain, epoch)] as const
    const posted = world.chain
      .transactions(...range)
      .flatMap(({ transaction: one }) => (isSpeeds(one) ? [{ peer: one.peer, report: one.speeds }] : []))
    const { stageOf } = this.roster(epoch)
    let speeds = this.speeds(epoch - 1)
    for (const { epoch: of, reports } of reportsByEpoch(posted, epoch))
      speeds = nextSpeeds(speeds, { lanes: world.epoch(of).lanes, reports, stageOf })
    return speeds
  }

  #seating(epoch: number): Seating {
    while (this.#seatings.length <= epoch) this.#seatings.push(this.#make(this.#seatings.length))
    return this.#seatings[epoch]!
  }

  #make(epoch: number): Seating {
    const { world } = this.#init
    const { id: run, manifest } = world.run
    const { stages, replicas, chain } = manifest
    const rules = { run, stages, replicas }
    const height = beaconHeight(chain, epoch)
    const beacon = beaconOf(world.chain.block(height).hash, run, epoch)
    const bonded = this.#bonded(seatsHeight(chain, epoch))
    const before = this.#seatings[epoch - 1]
    if (before === undefined)
      return { roster: firstRoster(rules, beacon, bonded), ledger: firstLedger(rules, chain.startHeight) }
    if (!this.change) return { ...before, roster: { ...before.roster, epoch } }
    const made = nextLedger({
      rules,
      leaseRules: this.leaseRules,
      before,
      next: { beacon, bonded, decided: this.#decided(epoch, height) },
      events: this.#events(beaconHeight(chain, epoch - 1), height, at => Math.min(world.epochOf(at), epoch - 1)),
      beaconHeight: height,
      startHeight: world.epochStart(epoch),
    })
    world.tell.ledger(epoch, made.ledger)
    return made
  }

  #bonded(height: number): ReadonlySet<PeerName> {
    const { seats, spares } = this.#init
    return new Set(height > FIRST_FINAL ? [...seats, ...spares] : seats)
  }

  #decided(epoch: number, toHeight: number): DecidedChanges[] {
    const { world } = this.#init
    const decided: DecidedChanges[] = []
    for (const { transaction } of world.chain.transactions(FIRST_FINAL, toHeight)) {
      if (!isRecord(transaction)) continue
      const { record } = transaction
      const { scope } = record.value
      if (scope.epoch >= epoch || scope.epoch < epoch - RECORD_EPOCHS) continue
      const key = `${scope.stage}/${scope.epoch}/${scope.round}`
      const group = certifyingGroup(world.epoch(scope.epoch), record)
      if (group === null || this.#counted.has(key)) continue
      const checked = checkRecord(record, openLabels(record.outcomes).filter(isOutcome), group)
      if (isRefusal(checked)) continue
      this.#counted.add(key)
      decided.push(checked)
    }
    return decided
  }

  /** Renewals and claims whose certificates check out, of the blocks of (afterHeight, toHeight] (node/peer/stage-events). */
  #events(afterHeight: number, toHeight: number, newestEpoch: (height: number) => number): StageEvent[] {
    const events: StageEvent[] = []
    for (const { height, transaction } of this.#init.world.chain.transactions(afterHeight, toHeight)) {
      if (isRenewal(transaction)) {
        const shown = this.#shown(transaction.renewal, newestEpoch(height))
        if (shown !== null)
          events.push({ type: 'renewal', stage: transaction.renewal.value.scope.stage, height, shown })
      } else if (isCheckpoint(transaction)) {
        const { checkpoint, peer } = transaction
        const shown = this.#shown(checkpoint, newestEpoch(height))
        if (shown !== null)
          events.push({ type: 'checkpoint', stage: checkpoint.value.scope.stage, height, peer, shown })
      } else if (isClaim(transaction)) {
        const { stage, holds, newest } = transaction.claim
        const shown = newest === null ? null : this.#shown(newest, newestEpoch(height))
        if (newest !== null && (shown === null || newest.value.scope.stage !== stage)) continue
        events.push({ type: 'claim', stage, height, peer: transaction.peer, claim: { newest: shown, holds } })
      }
    }
    return events
  }

  #shown(shown: ValueWithOutcomes, newestEpoch: number): ShownRound | null {
    const { epoch } = shown.value.scope
    if (epoch > newestEpoch) return null
    const group = certifyingGroup(this.#init.world.epoch(epoch), shown)
    if (group === null) return null
    const checked = checkShown(shown, openLabels(shown.outcomes).filter(isOutcome), group)
    return isRefusal(checked) ? null : checked
  }
}
