/** The library of scenarios, by name. */
import type { Scenario } from '../scenario/types.ts'
import { absentTenth, absentThird } from './absent-each-round.ts'
import { absentRemoved } from './absent-removed.ts'
import { amnesia } from './amnesia.ts'
import { briefAbsences } from './brief-absences.ts'
import { calm } from './calm.ts'
import { chainStalls } from './chain-stalls.ts'
import { chaos, kills } from './chaos.ts'
import { churn } from './churn.ts'
import { colluders } from './colluders.ts'
import { crashes } from './crashes.ts'
import { day } from './day.ts'
import { duplicatesAndDisorder } from './duplicates-and-disorder.ts'
import { eclipsedPeer } from './eclipsed-peer.ts'
import { emptyDisks } from './empty-disks.ts'
import { equivocators } from './equivocators.ts'
import { falseOwners } from './false-owners.ts'
import { falseRecords } from './false-records.ts'
import { falseServers } from './false-servers.ts'
import { falseTensors } from './false-tensors.ts'
import { falseWorkers } from './false-workers.ts'
import { farAndLossy } from './far-and-lossy.ts'
import { fiveAndSix } from './five-and-six.ts'
import { flapping } from './flapping.ts'
import { flashCrowd } from './flash-crowd.ts'
import { forgers } from './forgers.ts'
import { fullDisks } from './full-disks.ts'
import { gossipFlooded } from './gossip-flooded.ts'
import { gossipSilent } from './gossip-silent.ts'
import { gossipTrouble } from './gossip-trouble.ts'
import { gradientLiars } from './gradient-liars.ts'
import { halves } from './halves.ts'
import { idleStage } from './idle-stage.ts'
import { joinsAndLeaves } from './joins-and-leaves.ts'
import { killedAtWrites } from './killed-at-writes.ts'
import { lateJoiner } from './late-joiner.ts'
import { lossyLinks } from './lossy-links.ts'
import { lyingNodes } from './lying-nodes.ts'
import { massExit } from './mass-exit.ts'
import { notANumber } from './not-a-number.ts'
import { openInternet } from './open-internet.ts'
import { partitions } from './partitions.ts'
import { pauses } from './pauses.ts'
import { poisonedDht } from './poisoned-dht.ts'
import {
  loneClaimant,
  quorumLost,
  quorumLostWithoutSpares,
  splitWhileLeaseEnds,
  stageGone,
  stageGoneKeptByLiar,
} from './quorum-lost.ts'
import { REAL_SCENARIOS } from './real/index.ts'
import { recovery } from './recovery.ts'
import { regionFailure } from './region-failure.ts'
import { replayedRecords } from './replayed-records.ts'
import { restoredBackup } from './restored-backup.ts'
import { rollingRestarts } from './rolling-restarts.ts'
import { silentLeaders } from './silent-leaders.ts'
import { slowMachines } from './slow-machines.ts'
import { slowPeer } from './slow-peer.ts'
import { splitStage } from './split-stage.ts'
import { stalePolkas } from './stale-polkas.ts'
import { standard } from './standard.ts'
import { stragglers } from './stragglers.ts'
import { sybilCrowd } from './sybil-crowd.ts'
import { thinLinks } from './thin-links.ts'
import { tornDisks } from './torn-disks.ts'
import { withholders } from './withholders.ts'
import { wrongClocks } from './wrong-clocks.ts'

const ALL: readonly Scenario[] = [
  calm,
  joinsAndLeaves,
  absentRemoved,
  briefAbsences,
  absentTenth,
  absentThird,
  crashes,
  killedAtWrites,
  rollingRestarts,
  tornDisks,
  emptyDisks,
  restoredBackup,
  pauses,
  slowMachines,
  slowPeer,
  stragglers,
  fullDisks,
  wrongClocks,
  lossyLinks,
  farAndLossy,
  duplicatesAndDisorder,
  thinLinks,
  partitions,
  flapping,
  splitStage,
  halves,
  gossipTrouble,
  falseRecords,
  chainStalls,
  lyingNodes,
  churn,
  chaos,
  flashCrowd,
  massExit,
  regionFailure,
  quorumLost,
  quorumLostWithoutSpares,
  stageGone,
  stageGoneKeptByLiar,
  loneClaimant,
  splitWhileLeaseEnds,
  lateJoiner,
  idleStage,
  fiveAndSix,
  silentLeaders,
  equivocators,
  amnesia,
  colluders,
  forgers,
  falseOwners,
  falseTensors,
  falseWorkers,
  notANumber,
  falseServers,
  withholders,
  stalePolkas,
  gradientLiars,
  openInternet,
  poisonedDht,
  replayedRecords,
  eclipsedPeer,
  sybilCrowd,
  gossipFlooded,
  gossipSilent,
  ...REAL_SCENARIOS,
]

export const SCENARIOS: Readonly<Record<string, Scenario>> = Object.fromEntries(ALL.map(one => [one.name, one]))

/** Mixes: names that give another scenario for each seed. */
export const MIXES: Readonly<Record<string, (seed: number) => Scenario>> = {
  standard,
  kills,
  recovery,
  day: () => day,
}

/** The scenario of this name for a seed; null where there is none. */
export function scenarioOf(name: string, seed: number): Scenario | null {
  return MIXES[name]?.(seed) ?? SCENARIOS[name] ?? null
}
