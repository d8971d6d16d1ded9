/** What a running peer says of itself in its data folder, for `swarm-node status`. */
import type { TransferProgress } from '../../protocols/state/index.ts'
import type { ContentId, PeerName } from '../../protocols/wire/messages.ts'
import type { NodeEvents } from '../events/types.ts'
import type { Reachability } from '../network/nat/types.ts'

/** Of the file's shape; a reader takes no other. */
export const STATUS_VERSION = 2

type Place = Pick<NodeEvents['place'], 'role' | 'stage' | 'epoch' | 'for'>

export interface PeerStatus {
  readonly version: typeof STATUS_VERSION
  readonly run: ContentId
  /** Empty before the peer is ready. */
  readonly peer: PeerName
  /** -1 before the peer is ready, and while it holds no stage. */
  readonly stage: number
  readonly pid: number
  /** Milliseconds since the epoch. */
  readonly startedMs: number
  /** When the file was written, milliseconds since the epoch. */
  readonly updatedMs: number
  readonly addresses: readonly string[]
  /** Newest round that this peer knows to be certified; null before the first of this start. */
  readonly round: number | null
  /** Newest anchored round; null before the first of this start. */
  readonly anchored: number | null
  /** Where it stands, and what it waits for there; null before it knows. */
  readonly place: Place | null
  /** Seats that each stage lacks; empty where none does. */
  readonly lacking: readonly number[]
  /** Stages that lost their quorum; left out where none has. */
  readonly lost?: readonly NodeEvents['stage.lost'][]
  /** The newest checkpoint that it keeps of another stage, should that lose its state; left out where it keeps none that it fetched in this start. */
  readonly kept?: Pick<NodeEvents['checkpoint.kept'], 'stage' | 'round'>
  /** What it waits for, as a sentence; empty where it goes on. */
  readonly waiting: string
  /** How far a snapshot from siblings is; left out where none is on its way. */
  readonly sync?: TransferProgress
  /** It pauses, or is about to: the block until which its seat is kept whatever it does; null where its stage has not decided that. Left out otherwise. */
  readonly pause?: { readonly untilHeight: number | null }
  /** Why it follows without signing; empty where it signs. */
  readonly suspended: string
  /** How often another machine was found to sign with this peer's key in this start, or before it and still in force; left out where none was. */
  readonly secondMachine?: number
  /** Null while unknown, and where only this machine can dial. */
  readonly reachability: Reachability | null
  readonly connections: { readonly direct: number; readonly relayed: number }
  /** How it ended; null while it runs, and for good where it was killed. */
  readonly stopped: string | null
}
