/**
 * One round of one replica: the work machine, the close, the commitment and the stage's agreement, joined. Lives from the
 * round's start until the next round ends, because late siblings still ask about it.
 */
import type { Wish } from '../../consensus/membership/index.ts'
import type { RestoredRound, RoundContext, RoundPhase, RoundState } from '../../consensus/round/types.ts'
import type { ClipState, ForwardInput, WorkContext } from '../../consensus/routing/index.ts'
import type { CloseBundle } from '../../protocols/gossip/index.ts'
import type { VerifiedCertificate } from '../../protocols/wire/certificate.ts'
import { smallHash } from '../../protocols/wire/hash.ts'
import { merkleRoot } from '../../protocols/wire/merkle.ts'
import type { Certificate, Commit, Hash, PeerName, Settled, Signed } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import { freeBuffer } from '../engine/runtime/buffers.ts'
import { chooseCommit } from './commit-decision.ts'
import { delay } from './delay.ts'
import { targetOf } from './round-context.ts'
import { RoundDriver, type RoundEnd, type RoundReports } from './round-driver.ts'
import { roundPorts } from './round-ports.ts'
import { Settlement } from './settlement.ts'
import { SettledSpreader } from './spread-settled.ts'
import { timedEngine } from './timed-engine.ts'
import type { PeerParts } from './types.ts'
import { type WorkDone, WorkDriver, type WorkEnd } from './work-driver.ts'
import { workPorts } from './work-ports.ts'

export interface RoundRunInit {
  readonly parts: PeerParts
  readonly context: RoundContext
  /** Null where this peer only follows. */
  readonly work: WorkContext | null
  readonly restored: RestoredRound | null
  readonly clip: ClipState
  readonly onSigned: (signed: Signed) => void
  readonly reports: RoundReports
}

/** The bytes that were executed; null for SKIP. */
export interface ExecutedRound {
  readonly partitions: readonly Uint8Array[] | null
}

/** Between two sources that pass the close on. */
const CLOSE_STAGGER_MS = 400

/** What a phase waits for, when nothing is computed. */
const WAITING: Readonly<Record<RoundPhase, 'transfer' | 'reduce' | 'agree' | 'idle'>> = {
  collect: 'reduce',
  propose: 'agree',
  prevote: 'agree',
  precommit: 'agree',
  execute: 'reduce',
  certify: 'agree',
  done: 'idle',
}

export class RoundRun {
  readonly round: number
  readonly context: RoundContext
  readonly #parts: PeerParts
  readonly #driver: RoundDriver
  readonly #work: WorkDriver | null
  readonly #settlement: Settlement
  readonly #stop = new AbortController()
  /** Siblings whose COMMIT or IDLE is here. */
  readonly #closedSeats = new Set<PeerName>()
  readonly #reports: RoundReports
  /** See `chooseCommit`. */
  readonly #trustsOffLane: boolean
  #executed: ExecutedRound | null = null
  #isWorking = true
  /** Its work is not committed, whatever becomes of it. */
  #isIdle = false

  constructor(init: RoundRunInit) {
    const { parts, context } = init
    this.round = context.scope.round
    this.context = context
    this.#parts = parts
    this.#reports = init.reports
    this.#trustsOffLane = init.clip.average !== null || parts.stage === parts.run.manifest.stages - 1
    const { batch } = parts.run.manifest
    const sources = parts.seats(0)
    this.#settlement = new Settlement({
      round: this.round,
      sources,
      target: targetOf(parts.run.manifest, this.round),
      slack: batch.slack,
      onClosed: bundle => {
        this.#work?.close(true)
        void this.#spreadClose(bundle, sources.indexOf(parts.self))
      },
    })
    const onExecuted = (partitions: readonly Uint8Array[] | null): void => {
      this.#executed = { partitions }
    }
    const ports = roundPorts({ parts, context, onSigned: init.onSigned, onExecuted })
    this.#driver = new RoundDriver({
      context,
      restored: init.restored,
      ports,
      clock: parts.clock,
      mayVote: parts.mayVote,
      reports: {
        ...init.reports,
        status: (view, phase, waitingFor) => {
          if (!this.#isWorking || phase !== 'collect') parts.times.phase(WAITING[phase])
          init.reports.status(view, phase, waitingFor)
        },
      },
    })
    this.#work = init.work === null ? null : this.#createWork(init.work, init.clip)
  }

  /** What the stage's agreement knows now. */
  get state(): RoundState {
    return this.#driver.state
  }

  /** Rejects where the round cannot go on here. */
  get ended(): Promise<RoundEnd> {
    return this.#driver.ended
  }

  /** What the engine's shadow copy was made from. */
  get executed(): ExecutedRound | null {
    return this.#executed
  }

  /**
   * Begins to work.
   * @param unreachable - peers of all stages that are not connected now
   * @param isRunStarting - nothing was certified yet: who is not connected is likely still starting
   */
  async start(
    parked: readonly ForwardInput[],
    unreachable: () => readonly PeerName[],
    isRunStarting: boolean,
  ): Promise<void> {
    const { engine, times } = this.#parts
    times.phase('transfer')
    if (this.#work !== null) {
      await engine.beginRound()
      if (this.#stop.signal.aborted) return
      this.#work.start(parked)
    }
    // Asked only now: who connected while the engine made ready was told already.
    for (const peer of unreachable()) {
      if (isRunStarting) this.#work?.awaited(peer)
      else this.reachable(peer, false)
    }
    this.#work?.ready
      .then(done => this.#commit(done))
      .catch(error => {
        if (this.#stop.signal.aborted) return
        this.#reports.warning(`the commitment of round ${this.round} failed: ${error}`)
        // A momentum out of bounds, for one, which nobody would take: the stage must not wait for it.
        this.#driver.input({ type: 'own-idle' })
      })
  }

  /** For tensors at the door; null where this peer does no work in this round. */
  get work(): WorkDriver | null {
    return this.#work
  }

  message(signed: Signed, attachments: readonly Signed[]): void {
    const { kind } = signed.payload
    if (kind === 'commit' || kind === 'idle') this.#noteClosed(signed.signer)
    this.#driver.input({ type: 'message', signed, attachments })
  }

  wish(wish: Wish): void {
    this.#driver.input({ type: 'wish', wish })
  }

  stored(author: PeerName, root: Hash, partition: number): void {
    this.#driver.input({ type: 'stored', author, root, partition })
  }

  /** The stage's lease was renewed. */
  voteAgain(): void {
    this.#driver.voteAgain()
  }

  /** Takes no more work, and gives back what it has not begun; what it did is committed as ever. */
  pause(): void {
    this.#work?.pause()
  }

  /** Signs IDLE in place of what work there is, unless it has committed: the stage must show that it lives. */
  idle(): void {
    if (!this.#isWorking || this.#work === null) return
    this.#isWorking = false
    this.#isIdle = true
    this.#driver.input({ type: 'own-idle' })
  }

  finalized(height: number, hash: Hash): void {
    this.#driver.input({ type: 'finalized', height, hash })
  }

  certificate(
    certificate: Certificate,
    { outcomes, commits }: VerifiedCertificate,
    hashes: readonly Hash[] | null,
  ): void {
    this.#driver.input({
      type: 'certificate',
      certificate,
      outcomes,
      commits,
      ...(hashes === null ? {} : { hashes }),
    })
  }

  reachable(peer: PeerName, reachable: boolean): void {
    this.#driver.input({ type: 'reachable', peer, reachable })
    this.#work?.reachable(peer, reachable)
  }

  /** Micro-batches that a source is known to have settled. */
  settledBy(source: PeerName): number {
    return this.#settlement.countOf(source)
  }

  settled(signed: Signed<Settled>): boolean {
    return this.#settlement.note(signed)
  }

  /** Stops working; what was set aside for the next round goes on. */
  endWork(): WorkEnd | null {
    this.#isWorking = false
    this.#stop.abort(new Error('the round is over'))
    return this.#work?.end() ?? null
  }

  dispose(reason: Error): void {
    this.endWork()
    this.#driver.dispose(reason)
  }

  #createWork(context: WorkContext, clip: ClipState): WorkDriver {
    const { scope } = this.context
    const parts = this.#parts
    const settled = new SettledSpreader({
      parts,
      scope,
      share: Math.ceil(targetOf(parts.run.manifest, this.round) / parts.seats(0).length),
      signal: this.#stop.signal,
      onSigned: signed => this.settled(signed),
    })
    return new WorkDriver({
      context,
      clip,
      clock: parts.clock,
      tensors: parts.tensors,
      encoding: parts.run.manifest.encoding.activation,
      width: parts.run.manifest.model.width,
      ports: workPorts({
        parts,
        scope,
        engine: timedEngine(parts.engine, parts.times),
        settled: (count, root) => settled.note(count, root),
        outside: tensor => this.#reports.outside(tensor),
      }),
    })
  }

  /** One source after the other, while the round lasts: the first one's bundle is usually all that anybody lacks. */
  async #spreadClose(bundle: CloseBundle, rank: number): Promise<void> {
    if (rank < 0) return
    const { clock, spreadClose } = this.#parts
    await delay(clock, rank * CLOSE_STAGGER_MS, this.#stop.signal).catch(() => undefined)
    if (!this.#stop.signal.aborted) spreadClose(bundle)
  }

  /** f + 1 seats have closed their work, so an honest one has seen the close: a restarted peer need not wait for it. */
  #noteClosed(seat: PeerName): void {
    this.#closedSeats.add(seat)
    if (this.#closedSeats.size > this.context.group.faults) this.#work?.close(false)
  }

  async #commit(done: WorkDone): Promise<void> {
    if (this.#isIdle) return
    this.#isWorking = false
    const { engine, journal, reduce, times, run, self, tokensPerMicroBatch } = this.#parts
    const { scope, countMin, countMax } = this.context
    times.phase('reduce')
    const choice = chooseCommit(done, { countMin, countMax, trustsOffLane: this.#trustsOffLane })
    if (choice === null) {
      this.#driver.input({ type: 'own-idle' })
      return
    }
    const { count, withOffLane, lossSumMicronats, trace } = choice
    const encoded = await times.during('compute', () =>
      engine.commit(count, withOffLane, { signal: this.#stop.signal }),
    )
    const root = merkleRoot(encoded.leaves, smallHash)
    const place = { run: scope.run, stage: scope.stage, epoch: scope.epoch, round: scope.round }
    await times.during('fsync', () => journal.commits.put(place, encoded.bytes))
    for (const partition of encoded.leaves.keys()) {
      const bytes = encoded.bytes.subarray(encoded.offsets[partition], encoded.offsets[partition + 1])
      const refusal = reduce.hold({ scope, author: self, root, partition }, bytes)
      if (isRefusal(refusal)) throw new Error(`partition ${partition} finds no room: ${refusal.refused}`)
    }
    // On the disk and held as partitions: nobody else has it.
    freeBuffer(encoded.bytes.buffer)
    const commit: Commit = {
      kind: 'commit',
      scope,
      root,
      leaves: encoded.leaves,
      encoding: run.manifest.encoding.gradient,
      count,
      tokens: count * tokensPerMicroBatch,
      lossSumMicronats,
      trace,
    }
    this.#driver.input({ type: 'own-commit', commit })
  }
}
