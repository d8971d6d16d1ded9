/**
 * What a dishonest peer can do. It has its own key, its own machine and its own network, and sees what reaches it; it
 * cannot make another's signature. `Behaviour` are the places where it may do something else than the shipped code.
 */
import type { ClaimRecord } from '../../consensus/recovery/index.ts'
import type { RoundState } from '../../consensus/round/types.ts'
import type { TimesMs, ToldTimes } from '../../consensus/routing/index.ts'
import type { Answer, Delivery } from '../../protocols/activations/types.ts'
import type { Certificate, Hash, Payload, PeerName, Signed } from '../../protocols/wire/messages.ts'
import type { RandomStream } from '../kernel/random.ts'
import type { FaultParameter } from '../scenario/types.ts'

/** What an attacker holds. */
export interface Hands {
  readonly index: number
  readonly name: PeerName
  readonly stage: number
  /** Seats of the own stage but this one. */
  readonly siblings: readonly PeerName[]
  readonly random: RandomStream
  /** Others of the same strategy: they see each other's hands. */
  readonly colluders: readonly Hands[]
  /** What the own round's machine knows now; null between rounds. */
  round(): RoundState | null
  /** With the own key, past the own journal. */
  sign<P extends Payload>(payload: P): Signed<P>
  /** Also another's message, as it was received: a replay. */
  send(to: readonly PeerName[], signed: Signed, attachments: readonly Uint8Array[]): void
  /** From now on it can be caught. */
  acts(): void
  /** Gossips a certificate, or whatever is in the form of one. */
  spread(certificate: Certificate): void
  /** Claims to have certified this, and serves it to who catches up. */
  pretend(certificate: Certificate): void
  /** Bytes that are no message of the protocol. */
  sendMalformed(to: readonly PeerName[], bytes: number): void
  /** A partition of an own commitment. */
  give(to: readonly PeerName[], root: Hash, partition: number, bytes: Uint8Array): void
  /** Takes an own message into the own machine, so that it goes on. */
  hear(signed: Signed, attachments: readonly Uint8Array[]): void
  after(delayMs: number, run: () => void): void
}

export interface Behaviour {
  /** True where the message was dealt with: it is not signed by the journal nor sent. */
  sign?(payload: Payload, attachments: readonly Uint8Array[]): boolean
  /** False: is not sent again. */
  resends?(signed: Signed): boolean
  /** Everything that reaches this peer on the stage's control streams. */
  hears?(signed: Signed, attachments: readonly Signed[]): void
  /** What is committed in place of the own momentum; null: IDLE. */
  gradient?(momentum: Float32Array, round: number): Float32Array | null
  /** What the head's loss is computed against; where gradients are real. */
  targets?(targets: Uint8Array, round: number): Uint8Array
  /** False: partitions of the own commitment are not sent to this peer. */
  scatters?(to: PeerName, partition: number): boolean
  /** Bytes that are served to whoever pulls; null: nothing. */
  serves?(bytes: Uint8Array): Uint8Array | null
  /** The hash that is signed for an aggregate. */
  aggregate?(hash: Hash): Hash
  /** A boundary tensor on its way out; null: it is never sent. */
  tensor?(direction: 'forward' | 'backward', bytes: Uint8Array): Uint8Array | null
  /** An answer in place of the machine's. */
  answers?(delivery: Delivery): Answer | null
  /** SETTLED's count. */
  settled?(count: number): number
  /** A snapshot or aggregate for a newcomer. */
  state?(bytes: Uint8Array): Uint8Array
  /** What it claims of a stage that lost its quorum, in place of the truth. */
  claim?(claim: Omit<ClaimRecord, 'kind'>): Omit<ClaimRecord, 'kind'>
  /** What it tells of its neighbours in every epoch, in place of what it measured. */
  speeds?(measured: TimesMs, slow: ReadonlySet<PeerName>): ToldTimes
  /** True: no certificate that it has is told, served or spread. */
  readonly hides?: boolean
  /** When a round is opened. */
  opened?(round: number): void
}

export type Parameters = Readonly<Record<string, FaultParameter>>

/** What becomes of the attack where the promises hold. */
export type Expectation =
  /** Two signatures that prove it, or a refusal that names the peer, reach an honest peer. */
  | 'evidence'
  | 'refused'
  /** It costs time or nothing, and proves nothing. */
  | 'harmless'

export interface Attack {
  readonly name: string
  /** One sentence: what the peer does. */
  readonly about: string
  readonly expect: Expectation
  /** Bounds of its parameters. */
  readonly parameters: Readonly<Record<string, readonly [number, number]>>
  start(hands: Hands, parameters: Parameters): Behaviour
}
