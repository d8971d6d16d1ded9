/** Who sits where as the chain has it: the shipped rule (consensus/membership) over the records and bonds of the modelled chain. */
import { beaconHeight, beaconOf, seatsHeight } from '../../consensus/election/index.ts'
import {
  type ChangesRecord,
  checkRecord,
  type DecidedChanges,
  firstRoster,
  nextRoster,
  type Roster,
} from '../../consensus/membership/index.ts'
import { RECORD_EPOCHS } from '../../node/peer/decisions.ts'
import { certifyingGroup } from '../../node/peer/follow.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import { FIRST_FINAL } from '../kernel/chain.ts'
import { openLabels } from './labels.ts'
import type { World } from './world.ts'

/** The record itself: envelopes cannot be read back from bytes here. */
export interface SimRecord {
  readonly record: ChangesRecord
  readonly peer: PeerName
}

export interface MembersInit {
  readonly world: World
  /** Bonded in block S. */
  readonly seats: readonly PeerName[]
  /** Bonded in the block after it. */
  readonly spares: readonly PeerName[]
}

export class Members {
  /** False where there is nobody to come: then the rosters are all the first one. */
  readonly change: boolean
  readonly #init: MembersInit
  readonly #rosters: Roster[] = []
  readonly #counted = new Set<string>()

  constructor(init: MembersInit) {
    this.#init = init
    this.change = init.spares.length > 0
  }

  /** Only of epochs whose height is final. */
  roster(epoch: number): Roster {
    while (this.#rosters.length <= epoch) this.#rosters.push(this.#make(this.#rosters.length))
    return this.#rosters[epoch]!
  }

  #make(epoch: number): Roster {
    const { world } = this.#init
    const { id: run, manifest } = world.run
    const { stages, replicas, chain } = manifest
    const rules = { run, stages, replicas }
    const height = beaconHeight(chain, epoch)
    const beacon = beaconOf(world.chain.block(height).hash, run, epoch)
    const bonded = this.#bonded(seatsHeight(chain, epoch))
    const before = this.#rosters[epoch - 1]
    if (before === undefined) return firstRoster(rules, beacon, bonded)
    if (!this.change) return { ...before, epoch }
    return nextRoster(rules, before, { beacon, bonded, decided: this.#decided(epoch, height) })
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
      const key = `${scope.stage}/${scope.round}`
      const group = certifyingGroup(world.epoch(scope.epoch), record)
      if (group === null || this.#counted.has(key)) continue
      const checked = checkRecord(record, openLabels(record.outcomes).filter(isOutcome), group)
      if (isRefusal(checked)) continue
      this.#counted.add(key)
      decided.push(checked)
    }
    return decided
  }
}

export function isRecord<T extends object>(transaction: T | SimRecord): transaction is SimRecord {
  return 'record' in transaction
}

function isOutcome<T extends { readonly payload: { readonly kind: string } }>(
  signed: T,
): signed is Extract<T, { payload: { kind: 'outcome' } }> {
  return signed.payload.kind === 'outcome'
}
