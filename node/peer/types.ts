/** The parts of a running peer that its rounds use. */
import type { Chain } from '../../consensus/chain/types.ts'
import type { RoundContext } from '../../consensus/round/types.ts'
import type { Activations } from '../../protocols/activations/index.ts'
import type { Agreement } from '../../protocols/agreement/index.ts'
import type { CloseBundle, Gossip } from '../../protocols/gossip/index.ts'
import type { Reduce } from '../../protocols/reduce/index.ts'
import type { Clock, Digest } from '../../protocols/wire/environment.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import type { Corpus } from '../data/index.ts'
import type { StageEngine } from '../engine/runtime/types.ts'
import type { RoundTimes } from '../events/types.ts'
import type { SigningJournal } from '../journal/index.ts'
import type { Run } from '../run/folder.ts'
import type { Certified } from './follow.ts'
import type { PushedAggregates } from './pushed-aggregates.ts'
import type { RoundClock } from './round-clock.ts'
import type { RoundEnd } from './round-driver.ts'
import type { RoundInbox } from './round-inbox.ts'
import type { TensorStore } from './tensors.ts'

export interface PeerParts {
  readonly run: Run
  readonly self: PeerName
  readonly stage: number
  readonly tokensPerMicroBatch: number
  readonly corpus: Corpus
  readonly engine: StageEngine
  readonly journal: SigningJournal
  readonly agreement: Agreement
  readonly reduce: Reduce
  readonly activations: Activations
  readonly gossip: Gossip
  readonly chain: Chain
  readonly clock: Clock
  readonly digest: Digest
  readonly times: RoundClock
  readonly pushed: PushedAggregates
  readonly tensors: TensorStore
  /** Where messages and tensors go, and the round in progress. */
  readonly inbox: RoundInbox
  /** All seats of a stage, of the epochs around the own one: another stage may be in the one before or after. */
  seats(stage: number): readonly PeerName[]
  spreadClose(bundle: CloseBundle): void
  /** False while the stage's lease has run out. */
  mayVote(): boolean
  warn(message: string): void
  timesTaken(round: number, times: RoundTimes): void
  /** A round of the own stage ended here by its certificate. */
  certified(context: RoundContext, certified: Certified, next: RoundEnd['next']): void
  /** Caught up to this round. */
  synced(round: number, by: 'replay' | 'snapshot'): void
}
