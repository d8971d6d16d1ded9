/** Joins the watch over the chain's heads with what it asks of this peer: votes, renewals, an empty round, claims, speeds. */
import type { Chain } from '../../consensus/chain/types.ts'
import { ROLES, rankByStake } from '../../consensus/election/index.ts'
import type { Pace } from '../../consensus/routing/index.ts'
import type { KeptCheckpoints } from '../../protocols/state/index.ts'
import { decodeCertificate } from '../../protocols/wire/certificate.ts'
import type { Certificate } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import type { EventBus } from '../events/bus.ts'
import type { RoundStore } from '../journal/index.ts'
import type { Run } from '../run/folder.ts'
import { CheckpointPoster } from './checkpoint-poster.ts'
import { LeasePoster } from './lease-poster.ts'
import { LeaseWatch } from './lease-watch.ts'
import type { RoundRun } from './round-run.ts'
import type { Seat } from './seat.ts'
import { SpeedsPoster } from './speeds-poster.ts'

export interface WatchLeasesInit {
  readonly seat: Seat
  readonly run: Run
  readonly chain: Chain
  readonly bus: EventBus
  readonly signal: AbortSignal
  /** The epoch that this peer is in. */
  readonly epoch: () => number
  readonly untilRound: number | null
  readonly isSeated: () => boolean
  /** It has a seat, and the run goes on. */
  readonly isTakingPart: () => boolean
  /** What this peer keeps of another stage. */
  readonly kept: () => KeptCheckpoints | null
  /** What this peer has measured until now. */
  readonly pace: () => Pace
  /** The round in progress. */
  readonly round: () => Pick<RoundRun, 'voteAgain' | 'idle'> | null
}

export function watchLeases(init: WatchLeasesInit): LeaseWatch {
  const { seat, run, chain, bus, signal, epoch, untilRound, isSeated, isTakingPart, kept, pace, round } = init
  const { self, stage, membership, store, stageState, reporter } = seat
  const onWarning = (message: string): void => reporter.warning(message)
  const poster = new LeasePoster({
    chain,
    run,
    stage,
    self,
    rules: membership.leaseRules,
    isTakingPart,
    newest: () => newestCertificate(store, stage, stageState.tip.round),
    isUpToDate: () => seat.history.standing(stageState.tip).type === 'on',
    rank(of) {
      const known = membership.known(epoch())
      const group = known?.groups[stage]
      if (known === null || group === undefined) return 0
      const draw = { beacon: known.beacon, run: run.id, stage, round: of, role: ROLES.anchorer }
      return Math.max(0, rankByStake(draw, group.seats, BigInt(run.manifest.stake.cap)).indexOf(self))
    },
    onIdle: () => round()?.idle(),
    signal,
    onWarning,
  })
  const checkpoints = new CheckpointPoster({
    ...{ chain, run, self, store, kept, isSeated, untilRound, signal, onWarning },
    rules: membership.leaseRules,
    recoveries: of => membership.recoveries(of),
  })
  const speeds = new SpeedsPoster({ chain, run, stage, self, membership, pace, isTakingPart, signal, onWarning })
  const watch: LeaseWatch = new LeaseWatch({
    membership,
    stage,
    bus,
    signal,
    onRead(height, lease, leases) {
      if (watch.mayVote) round()?.voteAgain()
      poster.at(height, lease)
      checkpoints.at(height, leases)
      speeds.at(height)
    },
    onWarning,
  })
  return watch
}

async function newestCertificate(store: RoundStore, stage: number, round: number): Promise<Certificate | null> {
  const encoded = await store.certificate(stage, round)
  const certificate = encoded === null ? null : decodeCertificate(encoded)
  return certificate === null || isRefusal(certificate) ? null : certificate
}
