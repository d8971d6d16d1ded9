/** What a peer keeps for the stage that it was dealt: engine, disk, and the state that the disk leads to. */
import type { PeerName } from '../../protocols/wire/messages.ts'
import type { StageEngine } from '../engine/runtime/types.ts'
import type { PeerDisk } from './disk.ts'
import type { PeerEnvironment, PeerInit } from './environment.ts'
import { History } from './history.ts'
import type { Membership } from './membership.ts'
import { Reporter } from './reporter.ts'
import { restoreState } from './restore.ts'
import { openStageDisk, type StageDisk } from './stage-disk.ts'
import type { StageState } from './stage-state.ts'

export interface Seat extends StageDisk {
  readonly self: PeerName
  readonly stage: number
  readonly disk: PeerDisk
  readonly membership: Membership
  readonly history: History
  readonly engine: StageEngine
  readonly stageState: StageState
  readonly reporter: Reporter
}

/** Whose place, where, and who knows. */
export interface StagePlace {
  readonly self: PeerName
  readonly stage: number
  readonly disk: PeerDisk
  readonly membership: Membership
}

/** @throws ExitError with a damaged folder, with a model that cannot be run */
export async function openSeat(
  init: PeerInit,
  environment: PeerEnvironment,
  { self, stage, disk, membership }: StagePlace,
  signal: AbortSignal,
  onFatal: (error: Error) => void,
): Promise<Seat> {
  const { run, folder, bus } = init
  const { clock, privateKey, digest } = environment
  const [engine, { journal, store }] = await Promise.all([
    environment.openEngine(run, stage, init, onFatal),
    openStageDisk({ disk, folder, run, stage, self, privateKey, digest }),
  ])
  const history = new History(membership, run, stage)
  const stageState = await restoreState({ run, stage, folder, engine, store, journal, history, membership, signal })
  const reporter = new Reporter({ bus, clock, stage, stages: run.manifest.stages, evidence: disk.evidence })
  return { self, stage, disk, membership, history, engine, journal, store, stageState, reporter }
}
