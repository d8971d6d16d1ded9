/**
 * Carries out what the round's machine asks for (consensus/round): one instance a round. Inputs are stepped at once, effects
 * are carried out in order; signing and persisting are waited for, computing and fetching are not.
 */
import { createRound, step } from '../../consensus/round/index.ts'
import type {
  AggregateInput,
  LockRecord,
  RestoredRound,
  RoundContext,
  RoundEffect,
  RoundInput,
  RoundPhase,
  RoundState,
} from '../../consensus/round/types.ts'
import type { Clock } from '../../protocols/wire/environment.ts'
import type {
  Certificate,
  Evidence,
  Hash,
  Outcome,
  Payload,
  PeerName,
  SealedCommit,
  Signed,
} from '../../protocols/wire/messages.ts'
import { isRefusal, type Refusal, type RefusalReason } from '../../protocols/wire/refusals.ts'
import { HeldVotes, type SignEffect } from './held-votes.ts'
import { Timers } from './timers.ts'
import type { OutsideTensor } from './work-driver.ts'

/** The hands of the driver. Everything that waits takes the round's signal. */
export interface RoundPorts {
  /** Through the journal; in one flush. A refusal where the journal does not sign. */
  sign(payloads: readonly Payload[]): Promise<readonly (Signed | Refusal)[]>
  persist(record: LockRecord): Promise<void>
  broadcast(signed: Signed, attachments: readonly Uint8Array[]): void
  scatter(root: Hash, partition: number, to: readonly PeerName[]): void
  /** Pulls what is not local, combines, keeps the result, and sends it to the others where it is the first of the active; null where the rule refuses. */
  aggregate(
    value: Hash,
    partition: number,
    work: { readonly inputs: readonly AggregateInput[]; readonly active: readonly PeerName[] },
    signal: AbortSignal,
  ): Promise<Hash | null>
  /** Fetches the aggregate's bytes and keeps them; false where nobody of `from` gave them. */
  gather(value: Hash, partition: number, hash: Hash, from: readonly PeerName[], signal: AbortSignal): Promise<boolean>
  execute(
    value: Hash,
    hashes: readonly Hash[] | null,
    wantFullRoot: boolean,
    signal: AbortSignal,
  ): Promise<{ accepted: boolean; fullRoot: Hash | null }>
  fetchCommits(
    missing: readonly SealedCommit[],
    from: readonly PeerName[],
    signal: AbortSignal,
  ): Promise<readonly Signed[]>
  blockHash(height: number, signal: AbortSignal): Promise<Hash>
  answer(to: PeerName, certificate: Certificate, hashes: readonly Hash[] | null): void
}

export interface RoundReports {
  certified(certificate: Certificate, outcome: Outcome, hashes: readonly Hash[] | null): void
  evidence(evidence: Evidence): void
  refused(reason: RefusalReason, signer: PeerName, detail: string): void
  outside(tensor: OutsideTensor): void
  status(view: number, phase: RoundPhase, waitingFor: string): void
  warning(message: string): void
}

/** How the round ended for this peer. */
export interface RoundEnd {
  readonly certificate: Certificate
  readonly outcome: Outcome
  readonly hashes: readonly Hash[] | null
  readonly next: 'promote' | 'keep' | 'adopt'
}

export interface RoundDriverInit {
  readonly context: RoundContext
  readonly restored: RestoredRound | null
  readonly ports: RoundPorts
  readonly reports: RoundReports
  readonly clock: Clock
  /** False while the stage's lease has run out: votes then wait for {@link RoundDriver.voteAgain}. */
  readonly mayVote: () => boolean
}

/** No outcome can win any more: replicas compute differently. */
export class NondeterminismError extends Error {
  override readonly name = 'NondeterminismError'
}

export class RoundDriver {
  readonly context: RoundContext
  readonly ended: Promise<RoundEnd>
  readonly #ports: RoundPorts
  readonly #reports: RoundReports
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #stop = new AbortController()
  readonly #end = Promise.withResolvers<RoundEnd>()
  readonly #held: HeldVotes
  readonly #effects: RoundEffect[] = []
  /** In the order in which they were asked for: signed late they are what they would have been. */
  #state: RoundState
  #draining = false
  #certified: Omit<RoundEnd, 'next'> | null = null

  constructor(init: RoundDriverInit) {
    this.context = init.context
    this.#ports = init.ports
    this.#reports = init.reports
    this.#clock = init.clock
    this.#held = new HeldVotes(init.mayVote)
    this.ended = this.#end.promise
    this.#timers = new Timers(init.clock, id => this.input({ type: 'timer', id }))
    const { state, effects } = createRound(init.context, init.restored ?? undefined)
    this.#state = state
    this.#enqueue(effects)
  }

  /** What the machine knows now. */
  get state(): RoundState {
    return this.#state
  }

  /** Takes an input in; inputs after {@link dispose} are dropped. */
  input(input: RoundInput): void {
    if (this.#stop.signal.aborted) return
    const { state, effects } = step(this.#state, input, this.#clock.nowMs())
    this.#state = state
    this.#enqueue(effects)
  }

  /** The lease was renewed. */
  voteAgain(): void {
    if (this.#stop.signal.aborted) return
    this.#enqueue(this.#held.release())
  }

  /** Ends timers, fetches and computations. */
  dispose(reason: Error): void {
    this.#timers.clear()
    this.#stop.abort(reason)
    this.#end.reject(reason)
    // A round that is disposed of after its end has nobody left who waits for it.
    this.ended.catch(() => undefined)
  }

  #enqueue(effects: readonly RoundEffect[]): void {
    this.#effects.push(...effects)
    if (!this.#draining) void this.#drain()
  }

  async #drain(): Promise<void> {
    this.#draining = true
    try {
      for (let effect = this.#effects.shift(); effect !== undefined; effect = this.#effects.shift()) {
        if (this.#stop.signal.aborted) return
        if (effect.type === 'sign') await this.#sign(effect)
        else if (effect.type === 'persist') await this.#ports.persist(effect.record)
        else this.#carryOut(effect)
      }
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#draining = false
    }
  }

  /** Consecutive signatures share one flush. */
  async #sign(first: SignEffect): Promise<void> {
    const asked = [first]
    for (let next = this.#effects[0]; next?.type === 'sign'; next = this.#effects[0]) {
      asked.push(next)
      this.#effects.shift()
    }
    const batch = this.#held.signable(asked)
    if (batch.length === 0) return
    const results = await this.#ports.sign(batch.map(effect => effect.payload))
    for (const [index, result] of results.entries()) {
      if (isRefusal(result)) {
        this.#reports.warning(
          `the journal does not sign a ${batch[index]?.payload.kind}: ${result.detail ?? result.refused}`,
        )
        continue
      }
      this.#ports.broadcast(result, batch[index]?.attachments ?? [])
      this.input({ type: 'message', signed: result, attachments: [] })
    }
  }

  #carryOut(effect: Exclude<RoundEffect, { type: 'sign' | 'persist' }>): void {
    switch (effect.type) {
      case 'timer':
        this.#timers.set(effect.id, effect.delayMs)
        return
      case 'cancel':
        this.#timers.cancel(effect.id)
        return
      case 'scatter':
        this.#ports.scatter(effect.root, effect.partition, effect.to)
        return
      case 'aggregate':
        this.#start(signal => this.#aggregate(effect, signal))
        return
      case 'gather':
        this.#start(signal => this.#gather(effect, signal))
        return
      case 'execute':
        this.#start(signal => this.#execute(effect, signal))
        return
      case 'fetch-commits':
        this.#start(signal => this.#fetchCommits(effect, signal))
        return
      case 'block':
        this.#start(signal => this.#block(effect.height, signal))
        return
      case 'resend':
        this.#ports.broadcast(effect.signed, effect.attachments)
        return
      case 'answer':
        this.#ports.answer(effect.to, effect.certificate, effect.hashes)
        return
      case 'certificate':
        this.#certified = { certificate: effect.certificate, outcome: effect.outcome, hashes: effect.hashes }
        this.#reports.certified(effect.certificate, effect.outcome, effect.hashes)
        return
      case 'done':
        this.#done(effect.next)
        return
      case 'diverged':
        this.#reports.warning(
          `this machine computes differently: f + 1 replicas agree on another outcome of round ${effect.outcome.scope.round}; the state is taken from them`,
        )
        return
      case 'evidence':
        this.#reports.evidence(effect.evidence)
        return
      case 'refused':
        this.#reports.refused(effect.reason, effect.signer, effect.detail)
        return
      case 'halt':
        this.#fail(
          new NondeterminismError(
            `round ${this.context.scope.round} of stage ${this.context.scope.stage}: no outcome can reach a quorum`,
          ),
        )
        return
      case 'status':
        this.#reports.status(effect.view, effect.phase, effect.waitingFor)
        return
    }
  }

  #done(next: RoundEnd['next']): void {
    if (this.#certified === null) this.#fail(new Error('the round ended without a certificate'))
    else this.#end.resolve({ ...this.#certified, next })
  }

  async #aggregate(
    { value, partition, inputs, active }: Extract<RoundEffect, { type: 'aggregate' }>,
    signal: AbortSignal,
  ): Promise<void> {
    this.input({
      type: 'aggregated',
      value,
      partition,
      hash: await this.#ports.aggregate(value, partition, { inputs, active }, signal),
    })
  }

  async #gather(
    { value, partition, hash, from }: Extract<RoundEffect, { type: 'gather' }>,
    signal: AbortSignal,
  ): Promise<void> {
    // Where nobody gave the bytes the machine asks again, with more peers, by its own timer.
    if (await this.#ports.gather(value, partition, hash, from, signal))
      this.input({ type: 'gathered', value, partition, hash })
  }

  async #execute(
    { value, hashes, wantFullRoot }: Extract<RoundEffect, { type: 'execute' }>,
    signal: AbortSignal,
  ): Promise<void> {
    const { accepted, fullRoot } = await this.#ports.execute(value, hashes, wantFullRoot, signal)
    this.input({ type: 'executed', value, accepted, fullRoot })
  }

  async #fetchCommits(
    { missing, from }: Extract<RoundEffect, { type: 'fetch-commits' }>,
    signal: AbortSignal,
  ): Promise<void> {
    for (const signed of await this.#ports.fetchCommits(missing, from, signal))
      this.input({ type: 'message', signed, attachments: [] })
  }

  async #block(height: number, signal: AbortSignal): Promise<void> {
    this.input({ type: 'block', height, hash: await this.#ports.blockHash(height, signal) })
  }

  #start(work: (signal: AbortSignal) => Promise<void>): void {
    work(this.#stop.signal).catch(error => {
      if (!this.#stop.signal.aborted) this.#fail(error)
    })
  }

  #fail(error: unknown): void {
    if (this.#stop.signal.aborted) return
    this.dispose(error instanceof Error ? error : new Error(String(error)))
  }
}
