/** What a round and its work are made from: a pure function of the tip, the epoch and the manifest. */
import { RULES } from '../../consensus/aggregation/index.ts'
import { absenceBlocks, type MembershipContext } from '../../consensus/membership/index.ts'
import { roundTarget, type Tempo } from '../../consensus/round/index.ts'
import type { RoundContext } from '../../consensus/round/types.ts'
import { DEFAULT_BACK_OFF, sourceQuota, type WorkContext, workLimits } from '../../consensus/routing/index.ts'
import { PROTOCOL_VERSION } from '../../protocols/wire/constants.ts'
import type { Manifest } from '../../protocols/wire/manifest.ts'
import type { PeerName, Scope } from '../../protocols/wire/messages.ts'
import type { Run } from '../run/folder.ts'
import { manifestHash } from '../run/state-chain.ts'
import type { Epoch } from './epoch.ts'
import { pausesBefore, type Tip } from './tip.ts'

/** Factor by which the waits of a round grow from view to view (round.md, "Order"). */
const VIEW_BACKOFF = 1.5
/** A commitment counts up to this many times the least count. */
const COUNT_SPREAD = 4

export interface ContextInit {
  readonly run: Run
  readonly stage: number
  readonly self: PeerName
  /** False while the journal does not sign: the peer follows. */
  readonly signs: boolean
  readonly partitions: number
  readonly tip: Tip
  readonly epoch: Epoch
}

export function scopeOf({ id, manifest }: Run, epoch: Epoch, stage: number, round: number): Scope {
  const group = epoch.groups[stage]
  if (group === undefined) throw new RangeError(`no stage ${stage}`)
  const { genesis } = manifest.chain
  return { version: PROTOCOL_VERSION, genesis, run: id, epoch: epoch.number, group: group.hash, stage, round }
}

/** Fewest micro-batches of a commitment that counts. */
export function countMin(manifest: Manifest, seats: number, round: number): number {
  return Math.ceil(targetOf(manifest, round) / (2 * seats))
}

/** Micro-batches that close this round. */
export function targetOf({ batch, replicas }: Manifest, round: number): number {
  return roundTarget(batch.target, replicas, round)
}

/** @param tempo - what this peer has measured of its rounds until now */
export function roundContext(
  { run, stage, self, signs, partitions, tip, epoch }: ContextInit,
  tempo: Tempo,
): RoundContext {
  const { manifest } = run
  const group = epoch.groups[stage]
  if (group === undefined) throw new RangeError(`no stage ${stage}`)
  const { proposeMs, voteMs, graceCapMs, reduceMs } = manifest.timeouts
  const round = tip.round + 1
  const least = countMin(manifest, group.seats.length, round)
  return {
    scope: scopeOf(run, epoch, stage, round),
    self: signs ? self : null,
    group,
    beacon: epoch.beacon,
    stakeCap: BigInt(manifest.stake.cap),
    parent: tip.parent,
    parentState: tip.state,
    manifestHash: manifestHash(run.id),
    parentReference: tip.reference,
    partitions,
    rule: RULES[manifest.aggregation.rule],
    faultsTrim: Math.min(manifest.aggregation.f, group.faults),
    countMin: least,
    countMax: COUNT_SPREAD * least,
    wantFullRoot: round % manifest.chain.rootEvery === 0,
    timeouts: { proposeMs, voteMs, graceCapMs, reduceMs },
    tempo,
    viewBackoff: VIEW_BACKOFF,
    membership: membershipOf(stage, tip, epoch, manifest),
  }
}

/** What happened in the epoch before proves nothing in this one, and binds nobody. */
function membershipOf(
  stage: number,
  tip: Tip,
  { number, roster }: Epoch,
  { replicas, chain }: Manifest,
): MembershipContext {
  const isSame = tip.epoch === number
  const decided = isSame ? tip.decided : []
  const pausing = decided.flatMap(({ peer, act }) => (act === 'pause' ? [peer] : []))
  return {
    candidates: [...roster.candidates].flatMap(([peer, dealt]) => (dealt === stage ? [peer] : [])),
    departing: [...roster.departing.keys()],
    decided,
    paused: new Map([
      ...roster.paused,
      ...pausesBefore(tip, number).map((peer): [PeerName, number] => [peer, number - 1]),
      ...pausing.map((peer): [PeerName, number] => [peer, number]),
    ]),
    replicas,
    past: isSame ? tip.past : [],
    absenceBlocks: absenceBlocks(chain.epochBlocks),
  }
}

/** What work leaves for the next round's. */
export type Measured = Pick<WorkContext, 'pace' | 'references'>

/**
 * @param measured - what this peer has measured and heard until now
 * @param silent - seats of the own stage that the round before has not heard: the others do their share as well
 */
export function workContext(
  { run, stage, self, tip, epoch }: ContextInit,
  { pace, references }: Measured,
  { silent }: Pick<Tempo, 'silent'>,
): WorkContext {
  const { batch, timeouts } = run.manifest
  const sources = epoch.groups[0]?.seats.length ?? 0
  const seats = epoch.groups[stage]?.seats.length ?? 0
  const round = tip.round + 1
  const target = targetOf(run.manifest, round)
  const least = countMin(run.manifest, seats, round)
  const quota = sourceQuota(target, sources, batch.slack)
  const share = Math.ceil(target / seats)
  const withoutSilent = Math.ceil(target / Math.max(1, seats - silent.length))
  return {
    epoch: epoch.number,
    round,
    self,
    stage,
    lanes: epoch.lanes,
    quota,
    // What comes to the later stages follows from what the sources begin.
    share: stage === 0 ? Math.min(quota, withoutSilent) : share,
    silent,
    countMin: least,
    countMax: COUNT_SPREAD * least,
    limits: workLimits(run.manifest.stages),
    timing: {
      hopMs: timeouts.hopMs,
      drainMs: timeouts.drainMs,
      roundMs: timeouts.roundMs,
      backOff: DEFAULT_BACK_OFF,
    },
    pace,
    references,
  }
}
