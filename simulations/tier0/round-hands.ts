/** The hands of a round's machine in tier 0: control streams, the reduce protocol, compute and the fetching of what lacks. */

import type { AggregateInput, RoundContext, RoundEffect } from '../../consensus/round/types.ts'
import { pushPatienceMs } from '../../node/peer/pushed-aggregates.ts'
import { equalBytes } from '../../protocols/wire/hash.ts'
import type { Hash, PeerName, Signed } from '../../protocols/wire/messages.ts'
import { AGGREGATE_MS, EXECUTE_MS, INPUT_RETRY_MS, REQUEST_BYTES } from './constants.ts'
import { nativeHash } from './engine.ts'
import { openLabels } from './labels.ts'
import type { SimPeer } from './peer.ts'
import type { SimRound } from './round.ts'
import { spawn, type Task, until } from './task.ts'

type Effect<T extends RoundEffect['type']> = Extract<RoundEffect, { type: T }>

export class RoundHands {
  executed: readonly Uint8Array[] | null = null
  readonly #peer: SimPeer
  readonly #context: RoundContext
  readonly #round: SimRound
  readonly #siblings: readonly SimPeer[]
  /** What ends the pulls under way. */
  readonly #pulling = new Set<() => void>()

  constructor(peer: SimPeer, context: RoundContext, round: SimRound) {
    this.#peer = peer
    this.#context = context
    this.#round = round
    this.#siblings = peer.siblings
  }

  /** The round is over: what it still pulls is given up (node/peer/round-run aborts it). */
  stop(): void {
    for (const giveUp of [...this.#pulling]) giveUp()
  }

  broadcast(signed: Signed, attachments: readonly Uint8Array[]): void {
    this.#peer.broadcast(this.#siblings, signed, attachments)
  }

  scatter({ root, partition, to }: Effect<'scatter'>): void {
    const { name } = this.#peer
    const id = { round: this.#context.scope.round, author: name, root, partition }
    const bytes = this.#peer.holdings.partition(id)
    if (bytes === null) return
    for (const other of to) {
      if (this.#peer.behaviour?.scatters?.(other, partition) === false) continue
      this.#peer.scatters.give(other, id, bytes)
    }
  }

  aggregate({ value, partition, inputs, active }: Effect<'aggregate'>): void {
    let missing = inputs.length
    const pulled: Uint8Array[] = []
    const combine = (): void => {
      this.#peer.processor.work(AGGREGATE_MS, () => {
        if (this.#round.isDisposed) return
        const bytes = this.#peer.world.bench.aggregate(pulled)
        if (bytes !== null) this.#keepAggregate(active, bytes)
        const hash = bytes === null ? null : nativeHash(bytes)
        const said = hash === null ? null : (this.#peer.behaviour?.aggregate?.(hash) ?? hash)
        this.#round.input({ type: 'aggregated', value, partition, hash: said })
      })
    }
    for (const [index, input] of inputs.entries()) {
      this.#spawn(this.#input(partition, input), bytes => {
        pulled[index] = bytes
        if (--missing === 0) combine()
      })
    }
  }

  gather({ value, partition, hash, from }: Effect<'gather'>): void {
    this.#spawn(this.#gather(hash, from), bytes => {
      if (bytes !== null) this.#round.input({ type: 'gathered', value, partition, hash })
    })
  }

  execute({ value, hashes, wantFullRoot }: Effect<'execute'>): void {
    this.#peer.processor.work(EXECUTE_MS, () => {
      if (this.#round.isDisposed) return
      const { engine, holdings } = this.#peer
      const { round } = this.#context.scope
      const held = (hashes ?? []).flatMap(hash => holdings.aggregate(round, hash) ?? [])
      if (hashes !== null && held.length < hashes.length) {
        // A liar's machine believes the hash that it signed.
        if (this.#peer.isHonest) throw new Error('an aggregate that was gathered is not held')
        return
      }
      if (hashes === null) {
        this.executed = null
        const fullRoot = wantFullRoot ? engine.fullRoot() : null
        this.#round.input({ type: 'executed', value, accepted: false, fullRoot })
        return
      }
      const { accepted, fullRoot } = engine.execute(round, held, wantFullRoot)
      this.executed = accepted ? held : null
      const root = wantFullRoot && !accepted ? engine.fullRoot() : fullRoot
      this.#round.input({ type: 'executed', value, accepted, fullRoot: root })
    })
  }

  fetchCommits({ missing, from }: Effect<'fetch-commits'>): void {
    this.#spawn(this.#fetchCommits(missing, from))
  }

  answer({ to, certificate, hashes }: Effect<'answer'>): void {
    this.#peer.sendCertificate(to, certificate, hashes)
  }

  #spawn<R>(task: Task<R>, done?: (result: R) => void): void {
    const { life } = this.#peer
    spawn(task, () => this.#peer.life === life && !this.#round.isDisposed, done)
  }

  /** A sealed partition is held by f + 1 candidates, one of them honest: asked for until somebody gives it. */
  *#input(partition: number, { author, root, leaf, holders }: AggregateInput): Task<Uint8Array> {
    const peer = this.#peer
    const id = { round: this.#context.scope.round, author, root, partition }
    for (;;) {
      const own = peer.holdings.partition(id)
      if (own !== null) return own
      const isGenuine = (bytes: Uint8Array) => peer.holdings.isGenuine(leaf, bytes)
      const bytes = yield* this.#pull(holders, 'pull', target => target.gives.partition(id), isGenuine)
      if (bytes !== null) return bytes
      yield* until<void>(resume => peer.after(INPUT_RETRY_MS, resume))
    }
  }

  *#gather(hash: Hash, from: readonly PeerName[]): Task<Uint8Array | null> {
    const peer = this.#peer
    const { round } = this.#context.scope
    const sinceMs = peer.world.time.nowMs
    const patienceMs = pushPatienceMs(peer.world.run.manifest.timeouts.reduceMs)
    for (;;) {
      const pushed = peer.holdings.aggregate(round, hash)
      if (pushed !== null) return pushed
      const leftMs = Math.max(sinceMs, peer.pushes.lastMs) + patienceMs - peer.world.time.nowMs
      if (leftMs <= 0) break
      yield* until<void>(resume => {
        peer.pushes.onArrival(hash, resume)
        peer.after(leftMs, resume)
      })
    }
    const isGenuine = (bytes: Uint8Array) => equalBytes(nativeHash(bytes), hash)
    const serve = (target: SimPeer) => target.gives.aggregate(round, hash)
    // A push that comes meanwhile will do.
    const pushed = (take: (bytes: Uint8Array | null) => void) =>
      peer.pushes.onArrival(hash, () => take(peer.holdings.aggregate(round, hash)))
    const bytes = yield* this.#pull(from, 'pull-aggregate', serve, isGenuine, pushed)
    if (bytes !== null) {
      peer.holdings.holdAggregate(round, hash, bytes)
      return bytes
    }
    // A push that comes after all will do.
    if (peer.holdings.aggregate(round, hash) === null)
      yield* until<void>(resume => {
        peer.pushes.onArrival(hash, resume)
        peer.after(this.#context.timeouts.reduceMs, resume)
      })
    return peer.holdings.aggregate(round, hash)
  }

  /** From the first holder whose bytes are genuine; the next one is asked as soon as one has nothing, or is silent for a moment. */
  *#pull(
    holders: readonly PeerName[],
    kind: string,
    serve: (target: SimPeer) => Uint8Array | null,
    isGenuine: (bytes: Uint8Array) => boolean,
    otherwise: (take: (bytes: Uint8Array | null) => void) => void = () => {},
  ): Task<Uint8Array | null> {
    const peer = this.#peer
    const timeoutMs = peer.world.run.manifest.timeouts.reduceMs
    const left = [...holders]
    let asked = 0
    return yield* until<Uint8Array | null>(resume => {
      let isOver = false
      const started: (() => void)[] = []
      const stop = (): void => {
        isOver = true
        this.#pulling.delete(stop)
        for (const giveUp of started) giveUp()
      }
      const end = (bytes: Uint8Array | null): void => {
        if (isOver) return
        stop()
        resume(bytes)
      }
      this.#pulling.add(stop)
      otherwise(end)
      const askNext = (): void => {
        const holder = left.shift()
        if (isOver || holder === undefined) return
        let sentAtMs = 0
        let isAnswered = false
        asked++
        // A holder is silent only once it was asked: the wait for a turn is this peer's own.
        const begin = (): Task<Uint8Array | null> | null => {
          if (isOver || this.#round.isDisposed) return null
          sentAtMs = peer.nowMs
          peer.after(peer.pulls.patience.ms, () => {
            if (!isAnswered) askNext()
          })
          return peer.ask(holder, kind, partitionBytes(peer), serve, timeoutMs)
        }
        const took = (bytes: Uint8Array | null): void => {
          isAnswered = true
          asked--
          if (isOver || this.#round.isDisposed) return
          if (bytes !== null && isGenuine(bytes)) {
            peer.pulls.patience.note(peer.nowMs - sentAtMs)
            end(bytes)
            return
          }
          if (bytes !== null) peer.tell.refused('wrong-hash', holder, 'not the bytes that were asked for')
          if (left.length > 0) askNext()
          else if (asked === 0) end(null)
        }
        started.push(peer.pulls.run(holder, begin, took))
      }
      askNext()
      if (asked === 0) end(null)
    })
  }

  /** COMMITs that a proposal seals and that never came here: from whoever has them. */
  *#fetchCommits(wanted: Effect<'fetch-commits'>['missing'], from: readonly PeerName[]): Task<void> {
    const peer = this.#peer
    const { scope } = this.#context
    let missing = wanted
    for (const holder of from) {
      if (missing.length === 0) return
      const query = { scope, missing }
      const envelopes = yield* peer.ask(holder, 'fetch-commits', REQUEST_BYTES, target =>
        target.commits.envelopes(query),
      )
      for (const signed of openLabels(envelopes ?? [])) {
        if (signed.payload.kind !== 'commit') continue
        const { root } = signed.payload
        missing = missing.filter(one => one.author !== signed.signer || !equalBytes(one.root, root))
        this.#round.input({ type: 'message', signed, attachments: [] })
      }
    }
  }

  /** The first candidate sends its result to those who do not compute it themselves. */
  #keepAggregate(active: readonly PeerName[], bytes: Uint8Array): void {
    const peer = this.#peer
    const { scope } = this.#context
    const hash = nativeHash(bytes)
    peer.holdings.holdAggregate(scope.round, hash, bytes)
    if (active[0] !== peer.name) return
    for (const sibling of this.#siblings) {
      if (active.includes(sibling.name)) continue
      peer.world.send(peer, sibling, 'push-aggregate', scope.round, partitionBytes(peer), 'bulk', () =>
        sibling.pushes.arrived(peer.name, scope.round, hash, bytes),
      )
    }
  }
}

/** What one partition weighs on the wire. */
export function partitionBytes(peer: SimPeer): number {
  const { bench, scenario } = peer.world
  return Math.ceil(scenario.workload.gradientBytes / bench.partitions)
}
