/**
 * Carries out what the shipped round machine asks for, in virtual time: the counterpart of node/peer/round-driver and
 * round-run. Inputs are stepped at once, effects carried out in order; signing and persisting block what follows.
 */
import { createRound, step } from '../../consensus/round/index.ts'
import { knownValue } from '../../consensus/round/state.ts'
import type { RestoredRound, RoundContext, RoundEffect, RoundInput, RoundState } from '../../consensus/round/types.ts'
import type { Accumulated, ClipState, ForwardInput, Pace, WorkContext } from '../../consensus/routing/index.ts'
import { chooseCommit } from '../../node/peer/commit-decision.ts'
import { HeldVotes, type SignEffect } from '../../node/peer/held-votes.ts'
import type { InboxRound } from '../../node/peer/round-inbox.ts'
import type { VerifiedCertificate } from '../../protocols/wire/certificate.ts'
import { hashHex, smallHash } from '../../protocols/wire/hash.ts'
import { merkleRoot } from '../../protocols/wire/merkle.ts'
import type { Certificate, Hash, Outcome, PeerName, Settled, Signed } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import { NamedAlarms } from './alarms.ts'
import { commitment } from './commitment.ts'
import { nativeHash } from './engine.ts'
import { openLabels } from './labels.ts'
import type { SimPeer } from './peer.ts'
import { RoundHands } from './round-hands.ts'
import { RoundSettled } from './round-settled.ts'
import { SimWork } from './work.ts'

export interface SimRoundEnd {
  readonly certificate: Certificate
  readonly outcome: Outcome
  readonly hashes: readonly Hash[] | null
  readonly next: 'promote' | 'keep' | 'adopt'
  readonly view: number
}

export interface SimRoundInit {
  readonly peer: SimPeer
  readonly context: RoundContext
  readonly work: WorkContext | null
  readonly restored: RestoredRound | null
  readonly clip: ClipState
}

export class SimRound implements InboxRound {
  readonly round: number
  readonly context: RoundContext
  readonly work: SimWork | null
  readonly #peer: SimPeer
  readonly #hands: RoundHands
  readonly #settled: RoundSettled
  readonly #closedSeats = new Set<PeerName>()
  readonly #timers: NamedAlarms
  readonly #trustsOffLane: boolean
  #effects: RoundEffect[] = []
  readonly #held: HeldVotes
  #isWorking: boolean
  #isBlocked = false
  #isDraining = false
  #state: RoundState
  #certified: Omit<SimRoundEnd, 'next'> | null = null
  #isDecided = false
  #view = 0
  #isOver = false
  isDisposed = false

  constructor({ peer, context, work, restored, clip }: SimRoundInit) {
    const { stages } = peer.world.run.manifest
    this.#peer = peer
    this.#timers = new NamedAlarms(
      (delayMs, run) => peer.alarm(delayMs, run),
      id => this.input({ type: 'timer', id }),
    )
    this.#isWorking = work !== null
    this.#held = new HeldVotes(() => peer.lease.mayVote)
    this.round = context.scope.round
    this.context = context
    this.#trustsOffLane = clip.average !== null || peer.stage === stages - 1
    this.#settled = new RoundSettled({
      peer,
      scope: context.scope,
      sources: peer.world.sourcesIn(peer.epoch),
      onClosed: () => this.work?.close(true),
      isOpen: () => !this.#isOver && !this.isDisposed,
    })
    this.#hands = new RoundHands(peer, context, this)
    this.work =
      work === null
        ? null
        : new SimWork({
            peer,
            context: work,
            clip,
            onReady: done => this.#commit(done),
            onSettled: (count, root) => this.#settled.own(count, root),
          })
    const { state, effects } = createRound(context, restored ?? undefined)
    this.#state = state
    this.#view = state.view
    this.#enqueue(effects)
  }

  get state(): RoundState {
    return this.#state
  }

  /** What the shadow copy was made from; null for SKIP or before. */
  get executed(): readonly Uint8Array[] | null {
    return this.#hands.executed
  }

  /** @param isRunStarting - nothing was certified yet: who is not connected is likely still starting */
  start(parked: readonly ForwardInput[], unreachable: readonly PeerName[], isRunStarting: boolean): void {
    if (this.work !== null) {
      this.#peer.engine.beginRound()
      this.work.start(parked)
    }
    for (const peer of unreachable) {
      if (isRunStarting) this.work?.awaited(peer)
      else this.reachable(peer, false)
    }
  }

  reachable(peer: PeerName, reachable: boolean): void {
    this.input({ type: 'reachable', peer, reachable })
    this.work?.reachable(peer, reachable)
  }

  message(signed: Signed, attachments: readonly Signed[]): void {
    const { kind } = signed.payload
    if (kind === 'commit' || kind === 'idle') {
      this.#closedSeats.add(signed.signer)
      if (this.#closedSeats.size > this.context.group.faults) this.work?.close(false)
    }
    this.input({ type: 'message', signed, attachments })
  }

  certificate(
    certificate: Certificate,
    { outcomes, commits }: VerifiedCertificate,
    hashes: readonly Hash[] | null,
  ): void {
    this.input({ type: 'certificate', certificate, outcomes, commits, ...(hashes === null ? {} : { hashes }) })
  }

  settledBy(source: PeerName): number {
    return this.#settled.countOf(source)
  }

  settled(signed: Signed<Settled>): boolean {
    return this.#settled.note(signed)
  }

  endWork(): {
    readonly parked: readonly ForwardInput[]
    readonly clip: ClipState | null
    readonly pace: Pace | null
  } {
    this.#isOver = true
    return this.work?.end() ?? { parked: [], clip: null, pace: null }
  }

  voteAgain(): void {
    if (!this.isDisposed) this.#enqueue(this.#held.release())
  }

  /** IDLE in place of what work there is, unless it has committed: the stage must show that it lives. */
  idle(): void {
    if (!this.#isWorking) return
    this.#isWorking = false
    this.input({ type: 'own-idle' })
  }

  dispose(): void {
    if (!this.#isOver) this.endWork()
    this.isDisposed = true
    this.#hands.stop()
    this.#timers.clear()
    this.#effects = []
  }

  /** An own message that did not pass the journal: a liar's. */
  hear(signed: Signed, attachments: readonly Uint8Array[]): void {
    this.input({ type: 'message', signed, attachments: openLabels(attachments) })
  }

  input(input: RoundInput): void {
    if (this.isDisposed) return
    const { state, effects } = step(this.#state, input, this.#peer.nowMs)
    this.#state = state
    this.#note()
    this.#enqueue(effects)
  }

  #enqueue(effects: readonly RoundEffect[]): void {
    for (const effect of effects) this.#effects.push(effect)
    if (!this.#isDraining) this.#drain()
  }

  #drain(): void {
    this.#isDraining = true
    let at = 0
    while (!this.#isBlocked && !this.isDisposed && at < this.#effects.length) {
      const effect = this.#effects[at]!
      if (effect.type === 'sign') {
        let end = at + 1
        while (this.#effects[end]?.type === 'sign') end++
        const batch = this.#effects.slice(at, end).filter(one => one.type === 'sign')
        at = end
        this.#effects.splice(0, at)
        at = 0
        this.#sign(batch)
        continue
      }
      at++
      if (effect.type === 'persist') {
        this.#effects.splice(0, at)
        at = 0
        this.#isBlocked = true
        this.#peer.pen.persist(this.context.scope, effect.record, () => this.#unblock())
      } else this.#carryOut(effect)
    }
    if (at === this.#effects.length) this.#effects.length = 0
    else this.#effects.splice(0, at)
    this.#isDraining = false
  }

  #unblock(): void {
    this.#isBlocked = false
    if (!this.#isDraining) this.#drain()
  }

  /** Consecutive signatures share one flush. */
  #sign(asked: readonly SignEffect[]): void {
    const { behaviour } = this.#peer
    const batch = this.#held.signable(asked)
    const usual = behaviour?.sign === undefined ? batch : batch.filter(one => !this.#liesWith(one))
    if (usual.length === 0) return
    this.#isBlocked = true
    this.#peer.pen.sign(
      usual.map(({ payload }) => payload),
      results => {
        results.forEach((result, index) => {
          if (isRefusal(result)) return
          this.#peer.commits.noteOwn(result)
          this.#hands.broadcast(result, usual[index]?.attachments ?? [])
          this.input({ type: 'message', signed: result, attachments: [] })
        })
        this.#unblock()
      },
    )
  }

  #liesWith({ payload, attachments }: SignEffect): boolean {
    const { behaviour } = this.#peer
    return behaviour?.sign?.(payload, attachments) ?? false
  }

  #carryOut(effect: Exclude<RoundEffect, { type: 'sign' | 'persist' }>): void {
    const hands = this.#hands
    switch (effect.type) {
      case 'timer':
        this.#timers.set(effect.id, effect.delayMs)
        return
      case 'cancel':
        this.#timers.cancel(effect.id)
        return
      case 'scatter':
        hands.scatter(effect)
        return
      case 'aggregate':
        hands.aggregate(effect)
        return
      case 'gather':
        hands.gather(effect)
        return
      case 'execute':
        hands.execute(effect)
        return
      case 'fetch-commits':
        hands.fetchCommits(effect)
        return
      case 'block':
        this.#peer.chain.blockAt(effect.height, hash => this.input({ type: 'block', height: effect.height, hash }))
        return
      case 'resend':
        if (this.#peer.behaviour?.resends?.(effect.signed) !== false) hands.broadcast(effect.signed, effect.attachments)
        return
      case 'answer':
        hands.answer(effect)
        return
      case 'certificate':
        this.#certified = { ...effect, view: this.#state.view }
        return
      case 'done':
        this.#done(effect.next)
        return
      case 'diverged':
        this.#peer.tell.trouble('diverged', this.round, 'f + 1 replicas agree on another outcome')
        return
      case 'evidence':
        this.#peer.tell.evidence(effect.evidence)
        return
      case 'refused':
        this.#peer.tell.refused(effect.reason, effect.signer, effect.detail)
        return
      case 'halt':
        this.#peer.tell.trouble('halt', this.round, effect.reason)
        return
      case 'status':
        return
    }
  }

  #done(next: SimRoundEnd['next']): void {
    const certified = this.#certified
    if (certified === null) throw new Error('the round ended without a certificate')
    this.#peer.after(0, () => {
      if (!this.isDisposed) this.#peer.replica?.conclude(this, { ...certified, next })
    })
  }

  #commit(done: { readonly lane: Accumulated; readonly offLane: Accumulated }): void {
    if (!this.#isWorking) return
    this.#isWorking = false
    const peer = this.#peer
    const { scope, countMin, countMax } = this.context
    const choice = chooseCommit(done, { countMin, countMax, trustsOffLane: this.#trustsOffLane })
    let isIdle = choice === null
    const partitions =
      choice === null
        ? null
        : peer.engine.commit(choice.count, choice.withOffLane, momentum => {
            const lie = peer.behaviour?.gradient?.(momentum, this.round)
            if (lie === null) isIdle = true
            return lie ?? momentum
          })
    if (choice === null || partitions === null || isIdle) {
      this.input({ type: 'own-idle' })
      return
    }
    if (choice.withOffLane) peer.world.recorder.reached('off-lane-committed', peer.index)
    const leaves = partitions.map(bytes => nativeHash(bytes))
    const root = merkleRoot(leaves, smallHash)
    peer.keepCommit(this.round, root, partitions)
    const { tokens } = peer.world
    this.input({ type: 'own-commit', commit: commitment({ scope, root, leaves, tokens, choice }) })
  }

  /** Tells what changed in the machine. */
  #note(): void {
    const state = this.#state
    const peer = this.#peer
    if (state.view !== this.#view) {
      this.#view = state.view
      peer.tell.view(this.round, state.view)
      peer.world.recorder.reached('view-changed', peer.index)
      if (state.lock !== null) peer.world.recorder.reached('view-change-with-lock', peer.index)
    }
    if (this.#isDecided || state.decided === null) return
    const known = knownValue(state, state.decided.value)
    if (known === null) return
    this.#isDecided = true
    const skip = known.value.commits === 'skip'
    if (skip)
      peer.world.recorder.reached(state.idles.size >= this.context.group.quorum ? 'skip-by-idle' : 'skip-by-views')
    // That of the precommits: who was late itself may still be in an earlier one.
    const view = state.decided.proof[0]?.payload.view ?? state.view
    peer.tell.decided(this.round, view, hashHex(state.decided.value), skip)
  }
}
