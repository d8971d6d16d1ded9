/** All attacks, by name. */
import { collusion } from './collusion.ts'
import { doubleCommit } from './double-commit.ts'
import { doubleVote } from './double-vote.ts'
import { equivocatingProposer } from './equivocating-proposer.ts'
import { falseHave } from './false-have.ts'
import { falseReceipts } from './false-receipts.ts'
import { falseSpeeds } from './false-speeds.ts'
import { forgedCertificate } from './forged-certificate.ts'
import { freeRiding } from './free-riding.ts'
import { lockViolation } from './lock-violation.ts'
import { loneClaim } from './lone-claim.ts'
import { malformedFrames } from './malformed-frames.ts'
import { notFinite } from './not-finite.ts'
import { replayedMessages } from './replayed-messages.ts'
import { silentLeader } from './silent-leader.ts'
import { stakeGrinding } from './stake-grinding.ts'
import { stalePolka } from './stale-polka.ts'
import type { Attack } from './types.ts'
import { voteWithholding } from './vote-withholding.ts'
import { withheldPartition } from './withheld-partition.ts'
import { wrongAggregate } from './wrong-aggregate.ts'
import { wrongBackward } from './wrong-backward.ts'
import { wrongForward } from './wrong-forward.ts'
import { wrongState } from './wrong-state.ts'

const ALL: readonly Attack[] = [
  collusion,
  doubleCommit,
  doubleVote,
  equivocatingProposer,
  falseHave,
  falseReceipts,
  falseSpeeds,
  forgedCertificate,
  freeRiding,
  lockViolation,
  loneClaim,
  malformedFrames,
  notFinite,
  replayedMessages,
  silentLeader,
  stakeGrinding,
  stalePolka,
  voteWithholding,
  withheldPartition,
  wrongAggregate,
  wrongBackward,
  wrongForward,
  wrongState,
]

export const ATTACKS: Readonly<Record<string, Attack>> = Object.fromEntries(ALL.map(attack => [attack.name, attack]))

export type { Attack, Behaviour, Expectation, Hands, Parameters } from './types.ts'
