/** Seats, histories and events of a stage for the tests of recovery: names and hashes that follow from numbers. */
import type { Roster } from '../../../consensus/membership/types.ts'
import { firstLease, noteEvents, type RecoverInit } from '../../../consensus/recovery/index.ts'
import type { Claim, LeaseRules, ShownRound, StageEvent, StageLease } from '../../../consensus/recovery/types.ts'
import { smallHash } from '../../../protocols/wire/hash.ts'
import type { Hash, PeerName } from '../../../protocols/wire/messages.ts'

export const RULES: LeaseRules = { leaseBlocks: 20, claimDelayBlocks: 4, claimWindowBlocks: 8 }
export const START = 100
/** First block in which a claim counts while nothing was renewed. */
export const CLAIMS_FROM = START + RULES.leaseBlocks + RULES.claimDelayBlocks
export const RUN = 'run'
/** Rounds of this kind are checkpoints. */
const ROOT_EVERY = 4

const hashOf = (text: string): Hash => smallHash(new TextEncoder().encode(text))

/** @param fork - another history, where more than f seats lied */
export function shown(round: number, referenceHeight = START + round, fork = ''): ShownRound {
  const ids = (of: number) => ({ value: hashOf(`value ${of}${fork}`), outcome: hashOf(`outcome ${of}${fork}`) })
  return {
    round,
    epoch: 0,
    ...ids(round),
    parent: ids(round - 1),
    referenceHeight,
    isCheckpoint: round % ROOT_EVERY === 0,
  }
}

export const ORIGIN = { round: 0, value: new Uint8Array(32), outcome: new Uint8Array(32) }

export const seat = (index: number, stage = 0): PeerName => `seat ${stage}/${String(index).padStart(3, '0')}`
export const spare = (index: number): PeerName => `spare ${index}`

export function renewal(height: number, of: ShownRound, stage = 0): StageEvent {
  return { type: 'renewal', stage, height, shown: of }
}

/** By the k-th seat of the stage after. */
export function keptBy(height: number, k: number, of: ShownRound, stage = 0): StageEvent {
  return { type: 'checkpoint', stage, height, peer: seat(k, stage + 1), shown: of }
}

export function claimOf(height: number, peer: PeerName, claim: Claim, stage = 0): StageEvent {
  return { type: 'claim', stage, height, peer, claim }
}

/** @param sizes - seats of each stage */
export function rosterOf(sizes: readonly number[]): Roster {
  const dealt = sizes.flatMap((size, stage) => Array.from({ length: size }, (_, i) => [seat(i, stage), stage] as const))
  return {
    epoch: 4,
    stageOf: new Map(dealt),
    departing: new Map(),
    barred: new Set(),
    paused: new Map(),
    shortSince: new Map(),
    moves: [],
    candidates: new Map(),
    spares: [],
  }
}

export function fold(
  events: readonly StageEvent[],
  stageOf: Roster['stageOf'],
  leases: readonly StageLease[] = [firstLease(START, ORIGIN)],
): readonly StageLease[] {
  return noteEvents(leases, RULES, stageOf, events)
}

export interface Drawn {
  readonly before: Roster
  readonly leases: readonly StageLease[]
  readonly spares?: number
  readonly beaconHeight?: number
  readonly unbonded?: readonly PeerName[]
}

export function initOf({ before, leases, spares = 0, beaconHeight = 1_000, unbonded = [] }: Drawn): RecoverInit {
  const extra = Array.from({ length: spares }, (_, index) => spare(index))
  const bonded = new Set([...before.stageOf.keys(), ...extra].filter(peer => !unbonded.includes(peer)))
  return { run: RUN, rules: RULES, before, leases, epoch: 5, beaconHeight, beacon: hashOf('beacon'), bonded }
}
