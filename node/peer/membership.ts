/**
 * Who sits where, from epoch to epoch, as a function of the chain alone (consensus/membership): epoch 0's bonds are dealt to
 * the stages by the beacon, and each epoch's seats follow from those before, the decisions that stand on the chain, and the
 * bonds of its own height.
 */
import type { BlockReference, Bond, Chain, PostedAnchor } from '../../consensus/chain/types.ts'
import { beaconHeight, beaconOf, type EpochSchedule, epochOf, seatsHeight } from '../../consensus/election/index.ts'
import { firstRoster, type Roster, type RosterRules } from '../../consensus/membership/index.ts'
import type { LeaseRules, Recovery, StageLease } from '../../consensus/recovery/index.ts'
import { inForce, noteEvents } from '../../consensus/recovery/index.ts'
import { NO_SPEEDS, type Speeds } from '../../consensus/routing/index.ts'
import type { Hash, PeerName } from '../../protocols/wire/messages.ts'
import { ExitError } from '../cli/exit.ts'
import type { Run } from '../run/folder.ts'
import { Decisions } from './decisions.ts'
import { type Epoch, makeEpoch } from './epoch.ts'
import { EpochFactsReader, type PostedAnchors } from './epoch-facts.ts'
import { readBonds } from './epoch-reader.ts'
import { finalizedAt } from './finalized-at.ts'
import { firstLedger, type Ledger, nextLedger } from './ledger.ts'
import { anchoringEpochs, isLeft } from './reformed.ts'
import { epochSpeeds } from './speeds.ts'
import { readRecords, stageEvents } from './stage-events.ts'

/** Epochs whose groups and lanes are kept: the current one, its neighbours, and some to verify older certificates with. */
const KEPT_EPOCHS = 64

/** Epochs whose seats' times are kept: the newest one's, from which the next follow, and of those before it what reports in progress are compared with. */
const SPEEDS_EPOCHS = 4

/** What a caller waits for; whoever asks first pays for it, and its signal ends it for all that wait. */
interface Loading<Result> {
  readonly result: Promise<Result>
  readonly signal: AbortSignal
}

export class Membership {
  readonly #chain: Chain
  readonly #run: Run
  readonly #facts: EpochFactsReader
  readonly #rules: RosterRules
  readonly #schedule: EpochSchedule
  readonly #decisions: Decisions
  /** By epoch, all that are known: equal ones share their maps. */
  readonly #rosters: Roster[]
  /** By epoch as well. */
  readonly #speeds: Speeds[] = [NO_SPEEDS]
  /** Of the newest roster. */
  #ledger: Ledger
  readonly #recoveries: Recovery[] = []
  #current: Roster
  #stepping: Loading<void> | null = null
  readonly #listeners = new Set<(roster: Roster) => void>()
  readonly #loading = new Map<number, Loading<Epoch>>()
  readonly #known = new Map<number, Epoch>()
  /** Block S, the reference of the first round's parent. */
  readonly start: BlockReference

  private constructor(chain: Chain, run: Run, facts: EpochFactsReader, first: Roster, start: BlockReference) {
    this.#chain = chain
    this.#run = run
    this.#facts = facts
    this.#rules = rulesOf(run)
    this.#schedule = run.manifest.chain
    this.#decisions = new Decisions(run)
    this.#rosters = [first]
    this.#ledger = firstLedger(this.#rules, start.height)
    this.#current = first
    this.start = start
  }

  /**
   * Waits until block S is final, then reads the bonds and deals the stages.
   * @param facts - what a data folder remembers of the chain; all of it is read from the chain where none is given
   */
  static async load(chain: Chain, run: Run, signal: AbortSignal, facts?: EpochFactsReader): Promise<Membership> {
    const { manifest } = run
    const reader = facts ?? (await EpochFactsReader.open({ chain, run }, signal))
    const { beacon: hash, bonds } = await reader.of(0, signal)
    const wanted = manifest.stages * manifest.replicas
    if (bonds.length < wanted) {
      throw new ExitError(
        'refused',
        `run ${run.id} needs ${wanted} bonds of at least ${manifest.stake.floor} at block ${manifest.chain.startHeight}, the chain has ${bonds.length}`,
        'swarm-node bond for each missing peer, under a manifest with a later start height',
      )
    }
    const first = firstRoster(rulesOf(run), beaconOf(hash, run.id, 0), peersOf(bonds))
    return new Membership(chain, run, reader, first, { height: manifest.chain.startHeight, hash })
  }

  /** Epoch that a reference block belongs to. */
  epochOf(height: number): number {
    return Math.max(0, epochOf(this.#schedule, height))
  }

  /** Waits for the chain where the epoch is not final yet. */
  async epoch(number: number, signal: AbortSignal): Promise<Epoch> {
    for (;;) {
      signal.throwIfAborted()
      let loading = this.#loading.get(number)
      if (loading === undefined) {
        loading = { result: this.#load(number, signal), signal }
        this.#keep(number, loading)
      }
      try {
        return await loading.result
      } catch (error) {
        // Somebody else who asked first has gone meanwhile.
        if (signal.aborted || !loading.signal.aborted) throw error
      }
    }
  }

  /**
   * Loads the epoch of this final head, and the next one as soon as it is known, which is some blocks before it begins:
   * another stage may open a round in it while the own stage still builds on a block of the one before.
   */
  async foresee(headHeight: number, signal: AbortSignal): Promise<void> {
    const now = this.epochOf(headHeight)
    for (const number of [now, now + 1]) {
      if (this.heightOf(number) <= headHeight) await this.epoch(number, signal)
    }
    if (now > this.#current.epoch) this.#current = this.#rosters[now] ?? this.#current
  }

  /** Calls back with each roster that is read from now on, once its epoch is known. Returns the unsubscribe function. */
  onRead(listener: (roster: Roster) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** An epoch that was loaded before; null otherwise. */
  known(number: number): Epoch | null {
    return this.#known.get(number) ?? null
  }

  /** The roster of an epoch; null where it has not been read yet. */
  roster(number: number): Roster | null {
    return this.#rosters[number] ?? null
  }

  /** What is known of the seats' speeds from the epochs before this one, of long past ones who was slow; null where it has not been read yet. */
  speeds(number: number): Speeds | null {
    return this.#speeds[number] ?? null
  }

  /** May its anchor of a stage, in this block, count: had it a seat there then? Of epochs that were read. */
  hadSeat(peer: PeerName, stage: number, height: number): boolean {
    const epochs = anchoringEpochs(this.epochOf(height), this.recoveries(stage))
    return epochs.some(number => this.roster(number)?.stageOf.get(peer) === stage)
  }

  /** Was an anchor of this round of a stage, in a block of this height, posted of rounds that a recovery left? Of epochs that were read. */
  hasLeft(stage: number, round: number, height: number): boolean {
    return isLeft(round, height, this.recoveries(stage), epoch => this.startOf(epoch))
  }

  /** Is an anchor one that counts for its stage: of a member, and of the history that the stage has? Of epochs that were read. */
  isOfHistory({ stage, peer, toRound, block: { height } }: PostedAnchor): boolean {
    return this.hadSeat(peer, stage, height) && !this.hasLeft(stage, toRound, height)
  }

  /** What was posted, of the epochs that a data folder remembers from there. */
  get posted(): PostedAnchors {
    return this.#facts
  }

  /** Of epoch 0. */
  get first(): Roster {
    return this.#rosters[0]!
  }

  /** Of the epoch of the newest head that was looked at. */
  get current(): Roster {
    return this.#current
  }

  /** Of the newest epoch that was read. */
  get newest(): Roster {
    return this.#rosters.at(-1)!
  }

  /** How long leases are, and when claims count. */
  get leaseRules(): LeaseRules {
    return this.#run.manifest.chain
  }

  /** Of the newest epoch that was read: as of its beacon height. */
  get ledger(): Ledger {
    return this.#ledger
  }

  /** How a stage was re-formed, in the order of the epochs, as far as they were read and still count. */
  recoveries(stage: number): readonly Recovery[] {
    return inForce(this.#recoveries.filter(recovery => recovery.stage === stage))
  }

  /** Is this round one that a stage which was re-formed left out? No stage has work in it. */
  isPassedOver(round: number): boolean {
    return this.#recoveries.some(({ base, resume }) => base.round < round && round < resume)
  }

  /** Leases with what the blocks of (afterHeight, toHeight] show: final ones, above the newest epoch's beacon height. */
  async noted(
    leases: readonly StageLease[],
    afterHeight: number,
    toHeight: number,
    signal: AbortSignal,
  ): Promise<readonly StageLease[]> {
    const { newest: roster } = this
    const records = await readRecords(this.#chain, this.#run, { afterHeight, toHeight }, signal)
    const newestEpoch = (at: number): number => Math.min(this.epochOf(at), roster.epoch)
    const events = await stageEvents(records, this.#run, newestEpoch, number => this.epoch(number, signal))
    return noteEvents(leases, this.leaseRules, roster.stageOf, events)
  }

  /** The last block whose records count for the seats of an epoch. */
  beaconHeightOf(number: number): number {
    return beaconHeight(this.#schedule, number)
  }

  /** The block at a height, once it is final. */
  async blockAt(height: number, signal: AbortSignal): Promise<BlockReference> {
    await finalizedAt(this.#chain, height, signal)
    return { height, hash: await this.#chain.blockHash(height, { signal }) }
  }

  /** The block that must be final before an epoch is known. */
  heightOf(number: number): number {
    return Math.max(beaconHeight(this.#schedule, number), seatsHeight(this.#schedule, number))
  }

  /** The first epoch in which a bond of the state at this height counts. */
  countsFrom(height: number): number {
    return height <= this.#schedule.startHeight ? 0 : epochOf(this.#schedule, height) + 2
  }

  /** First block of an epoch. */
  startOf(number: number): number {
    return this.#schedule.startHeight + number * this.#schedule.epochBlocks
  }

  /** The standing bonds at a finalised height, of at least the floor. */
  bondsAt(height: number, signal: AbortSignal): Promise<readonly Bond[]> {
    return readBonds(this.#chain, this.#run, height, signal)
  }

  #keep(number: number, loading: Loading<Epoch>): void {
    this.#loading.set(number, loading)
    loading.result.then(
      epoch => {
        if (this.#loading.get(number) === loading) this.#known.set(number, epoch)
        for (const listener of this.#listeners) listener(epoch.roster)
      },
      () => {
        if (this.#loading.get(number) === loading) this.#loading.delete(number)
      },
    )
    const oldest = this.#loading.keys().next().value
    if (this.#loading.size <= KEPT_EPOCHS || oldest === undefined) return
    this.#loading.delete(oldest)
    this.#known.delete(oldest)
  }

  async #load(number: number, signal: AbortSignal): Promise<Epoch> {
    while (this.#rosters.length <= number) await this.#step(signal)
    const roster = this.#rosters[number]!
    const { beacon, bonds } = await this.#facts.of(number, signal)
    const stakes = new Map(bonds.map(bond => [bond.peer, bond.stake]))
    const { slow } = this.#speeds[number]!
    return makeEpoch({ run: this.#run, roster, beacon: this.#beaconOf(beacon, number), stakes, slow })
  }

  /** Reads the roster after the newest one; whoever asks meanwhile waits for the same. */
  async #step(signal: AbortSignal): Promise<void> {
    const stepping = this.#stepping ?? { result: this.#readNext(signal), signal }
    this.#stepping = stepping
    try {
      await stepping.result
    } catch (error) {
      if (signal.aborted || !stepping.signal.aborted) throw error
    } finally {
      if (this.#stepping === stepping) this.#stepping = null
    }
  }

  async #readNext(signal: AbortSignal): Promise<void> {
    const before = this.newest
    const number = before.epoch + 1
    const { beacon, bonds, records } = await this.#facts.of(number, signal)
    const earlier = (asked: number): Promise<Epoch> => this.epoch(asked, signal)
    const decided = await this.#decisions.before(number, records, earlier)
    const { roster, ledger } = nextLedger({
      rules: this.#rules,
      leaseRules: this.leaseRules,
      before: { roster: before, ledger: this.#ledger },
      next: { beacon: this.#beaconOf(beacon, number), bonded: peersOf(bonds), decided: decided.changes },
      events: await stageEvents(records, this.#run, height => Math.min(this.epochOf(height), before.epoch), earlier),
      beaconHeight: this.beaconHeightOf(number),
      startHeight: this.startOf(number),
    })
    const known = this.#speeds[before.epoch]!
    const { stageOf } = roster
    const told = { run: this.#run, epoch: number, records, stageOf, epochOf: earlier }
    const speeds = await epochSpeeds(known, told)
    decided.count()
    this.#rosters.push(sharing(before, roster))
    this.#speeds.push(speeds)
    // Times are for the next epochs' rule; of older epochs only who was slow is asked for, for their lanes.
    const old = number - SPEEDS_EPOCHS
    if (old >= 0) this.#speeds[old] = withoutTimes(this.#speeds[old]!)
    this.#ledger = ledger
    this.#recoveries.push(...ledger.recoveries)
  }

  #beaconOf(block: Hash, number: number): Hash {
    return beaconOf(block, this.#run.id, number)
  }
}

function rulesOf({ id, manifest }: Run): RosterRules {
  return { run: id, stages: manifest.stages, replicas: manifest.replicas }
}

function peersOf(bonds: readonly Bond[]): ReadonlySet<PeerName> {
  return new Set(bonds.map(bond => bond.peer))
}

/** The same roster; seats that are as before are not kept twice. */
function sharing(before: Roster, next: Roster): Roster {
  const { stageOf } = before
  const isSame = next.stageOf.size === stageOf.size && [...next.stageOf].every(([peer, s]) => stageOf.get(peer) === s)
  return isSame ? { ...next, stageOf } : next
}

function withoutTimes({ slow }: Speeds): Speeds {
  return slow.size === 0 ? NO_SPEEDS : { ...NO_SPEEDS, slow }
}
