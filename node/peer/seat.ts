/** A peer's place in the run and what it keeps for it: stage, engine, disk, and the state that the disk leads to. */
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { Group } from '../../consensus/election/index.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { ExitError } from '../cli/exit.ts'
import type { StageEngine } from '../engine/runtime/types.ts'
import type { Run } from '../run/folder.ts'
import type { PeerDisk } from './disk.ts'
import type { PeerEnvironment, PeerInit } from './environment.ts'
import { History } from './history.ts'
import { Membership } from './membership.ts'
import { Reporter } from './reporter.ts'
import { restoreState } from './restore.ts'
import { openStageDisk, type StageDisk } from './stage-disk.ts'
import type { StageState } from './stage-state.ts'

export interface Seat extends StageDisk {
  readonly self: PeerName
  readonly stage: number
  readonly disk: PeerDisk
  /** Of the own stage in epoch 0; its seats are those of the run. */
  readonly group: Group
  readonly membership: Membership
  readonly history: History
  readonly engine: StageEngine
  readonly stageState: StageState
  readonly reporter: Reporter
}

/** @throws ExitError without a bond, with a damaged folder, with a model that cannot be run */
export async function takeSeat(
  init: PeerInit,
  environment: PeerEnvironment,
  signal: AbortSignal,
  onFatal: (error: Error) => void,
): Promise<Seat> {
  const { run, folder, bus } = init
  const { chain, clock, privateKey, digest } = environment
  const self = peerIdFromPrivateKey(privateKey).toString()
  const membership = await Membership.load(chain, run, signal)
  const stage = seatOf(membership, run, self)
  const disk = environment.openDisk(folder)
  disk.noteSeat(stage)
  const group = (await membership.epoch(0, signal)).groups[stage]
  if (group === undefined) throw new RangeError(`no stage ${stage}`)
  const [engine, { journal, store }] = await Promise.all([
    environment.openEngine(run, stage, init.threads, onFatal),
    openStageDisk({ disk, folder, run, stage, self, privateKey, digest }),
  ])
  const history = new History(membership, run, stage)
  const stageState = await restoreState({ run, stage, folder, engine, store, journal, history, membership, signal })
  const reporter = new Reporter({ bus, clock, stage, stages: run.manifest.stages, evidence: disk.evidence })
  return { self, stage, disk, group, membership, history, engine, journal, store, stageState, reporter }
}

function seatOf(membership: Membership, { id, manifest }: Run, self: PeerName): number {
  const stage = membership.stageOf.get(self)
  if (stage !== undefined) return stage
  throw new ExitError(
    'refused',
    `peer ${self} has no seat in run ${id}: block ${manifest.chain.startHeight} shows no bond of at least ${manifest.stake.floor} for it`,
    'swarm-node bond --run <manifest> --chain <url> --data <folder>, for a run that has not started yet',
  )
}
