/**
 * Epoch arithmetic: block numbers by rule, so nobody names a block. Epoch e covers the chain blocks
 * [S + e * epochBlocks, S + (e + 1) * epochBlocks).
 */
import type { ContentId, Hash } from '../../protocols/wire/messages.ts'
import { hashList } from './digest.ts'
import type { EpochSchedule } from './types.ts'

/** Epoch of a block height, -1 before the run starts. */
export function epochOf(schedule: EpochSchedule, height: number): number {
  return height < schedule.startHeight ? -1 : Math.floor((height - schedule.startHeight) / schedule.epochBlocks)
}

/** First block of an epoch. */
export function epochStart(schedule: EpochSchedule, epoch: number): number {
  return schedule.startHeight + epoch * schedule.epochBlocks
}

/**
 * The block whose hash seeds an epoch: S itself for epoch 0, later `beaconLag` blocks before the epoch starts, so that it
 * is final when it is needed. A lag longer than the epochs before is cut at S.
 */
export function beaconHeight(schedule: EpochSchedule, epoch: number): number {
  if (epoch === 0) return schedule.startHeight
  return Math.max(schedule.startHeight, epochStart(schedule, epoch) - schedule.beaconLag)
}

/**
 * The block in whose finalised state the bonds of an epoch are read: S for epochs 0 and 1, then the last block of epoch
 * e - 2. So a bond counts from the second epoch after its block, and nobody who bonds knows the beacon that deals it.
 */
export function seatsHeight(schedule: EpochSchedule, epoch: number): number {
  return Math.max(schedule.startHeight, epochStart(schedule, epoch - 1) - 1)
}

/** From this height on a peer tells what it measured in the epoch: late, and early enough to be final with the next beacon. */
export function reportHeight(schedule: EpochSchedule, epoch: number): number {
  const beacon = beaconHeight(schedule, epoch + 1)
  return beacon - Math.ceil(Math.max(0, beacon - epochStart(schedule, epoch)) / 3)
}

/** SHA-256 of DAG-CBOR `['beacon', blockHash, run, epoch]`. */
export function beaconOf(blockHash: Hash, run: ContentId, epoch: number): Hash {
  return hashList(['beacon', blockHash, run, epoch])
}
