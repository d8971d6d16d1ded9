/** Scenarios for real processes (tier 2): a minute or two each. */
import type { Scenario } from '../../scenario/types.ts'
import { realChainHung } from './chain-hung.ts'
import { realKills } from './kills.ts'
import { realLiars } from './liars.ts'
import { realOneWay } from './one-way.ts'
import { realPartition } from './partition.ts'
import { realPausedLeader } from './paused-leader.ts'
import { realSlowLinks } from './slow-links.ts'
import { realStaleDisk } from './stale-disk.ts'

export const REAL_SCENARIOS: readonly Scenario[] = [
  realKills,
  realPartition,
  realOneWay,
  realPausedLeader,
  realChainHung,
  realStaleDisk,
  realSlowLinks,
  realLiars,
]
