/** A replica that is behind: certificates, then aggregates that it executes, or a snapshot (node/peer/catch-up, without promises). */
import { keepingStage } from '../../consensus/recovery/index.ts'
import { type Ahead, chooseAhead, enoughAnswers, type StatedBy, upTo } from '../../node/peer/choose-ahead.ts'
import type { Certified } from '../../node/peer/follow.ts'
import { type Tip, tipAt } from '../../node/peer/tip.ts'
import { equalBytes, isZeroHash, smallHash } from '../../protocols/wire/hash.ts'
import { merkleRoot } from '../../protocols/wire/merkle.ts'
import type { Certificate, PeerName } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import { PAGE_CERTIFICATES } from './constants.ts'
import { nativeHash, stateRoot } from './engine.ts'
import type { StoredSnapshot } from './journal.ts'
import type { KeptCheckpoint } from './keeper.ts'
import { askInPages } from './pages.ts'
import type { SimPeer } from './peer.ts'
import type { SimReplica } from './replica.ts'
import { firstOf, spawn, type Task } from './task.ts'

type CaughtUp = 'nothing' | 'replay' | 'snapshot'

interface Fetched {
  readonly certificate: Certificate
  readonly certified: Certified
}

export class SimCatchUp {
  readonly #peer: SimPeer
  readonly #replica: SimReplica

  constructor(peer: SimPeer, replica: SimReplica) {
    this.#peer = peer
    this.#replica = replica
  }

  /** Goes on until no sibling that can prove it is ahead. */
  run(afresh: boolean, done: (by: CaughtUp) => void): void {
    const { life } = this.#peer
    spawn(this.#run(afresh), () => this.#peer.life === life, done)
  }

  *#run(afresh: boolean): Task<CaughtUp> {
    let by: CaughtUp = 'nothing'
    const liars = new Set<PeerName>()
    for (let fresh = afresh; ; ) {
      yield* this.#replica.settle()
      // Its rounds are those of a history that the stage has left: it begins anew from its disk.
      if (this.#replica.standing.type === 'left') return by
      const ahead = yield* this.#ahead(liars, fresh)
      if (ahead === null) return (yield* this.#fromKeepers()) ? 'snapshot' : by
      const moved: CaughtUp = fresh ? yield* this.#jump(ahead) : yield* this.#follow(ahead, liars)
      if (moved === 'nothing') {
        for (const peer of ahead.peers) liars.add(peer)
        continue
      }
      fresh = false
      if (by !== 'snapshot') by = moved
    }
  }

  /** Siblings that do not know it yet go on beyond the base of a recovery. */
  get #lastRound(): number {
    const now = this.#replica.standing
    return now.type === 'before' ? now.recovery.base.round : Number.POSITIVE_INFINITY
  }

  /** @param last - rounds after it do not count */
  *#ahead(liars: ReadonlySet<PeerName>, fresh: boolean, last = this.#lastRound): Task<Ahead | null> {
    const asked = this.#peer.siblings.filter(({ name }) => !liars.has(name))
    const statuses = yield* firstOf(
      asked.map(sibling => this.#status(sibling)),
      enoughAnswers(asked.length),
    )
    return chooseAhead(upTo(statuses, last), this.#replica.tip.round, fresh)
  }

  *#status({ name: peer }: SimPeer): Task<StatedBy | null> {
    const status = yield* this.#peer.ask(peer, 'status', 200, target => ({
      round: target.gives.claimedRound,
      snapshotRound: target.journal.snapshot?.round ?? null,
    }))
    return status === null ? null : { peer, status }
  }

  *#follow(ahead: Ahead, liars: ReadonlySet<PeerName>): Task<CaughtUp> {
    const page = yield* this.#certificates(ahead, this.#replica.tip, ahead.round)
    let by: CaughtUp = 'nothing'
    for (const { certificate, certified } of page) {
      const isDone = yield* this.#replay(ahead, certificate, certified)
      if (!isDone) {
        // Where what leads to the base of a recovery is no longer kept, its rounds are passed over with all others.
        const held = ahead.snapshotRound === null ? yield* this.#ahead(liars, false, Number.POSITIVE_INFINITY) : ahead
        return held !== null && (yield* this.#jump(held)) === 'snapshot' ? 'snapshot' : by
      }
      by = 'replay'
    }
    return by
  }

  *#replay(ahead: Ahead, certificate: Certificate, certified: Certified): Task<boolean> {
    const { engine } = this.#peer
    const { round } = certified.tip
    const { outcome } = certified.verified
    if (isZeroHash(outcome.aggregateRoot)) {
      this.#replica.advance(certificate, certified, null, 'keep', 0)
      return true
    }
    const partitions = yield* this.#aggregates(ahead, round, outcome.aggregateRoot)
    if (partitions === null) return false
    const { accepted, fullRoot } = engine.execute(round, partitions, outcome.fullRoot !== null)
    if (!accepted) return false
    if (outcome.fullRoot !== null && (fullRoot === null || !equalBytes(fullRoot, outcome.fullRoot))) return false
    engine.promote({ adoptMomentum: round === ahead.round })
    this.#replica.advance(certificate, certified, partitions, 'promote', 0)
    return true
  }

  *#jump(ahead: Ahead): Task<CaughtUp> {
    const peer = this.#peer
    if (ahead.snapshotRound === null) return 'nothing'
    const target = ahead.snapshotRound
    const fetched = yield* this.#walk(ahead, target)
    const reached = fetched.at(-1)?.certified ?? peer.journal.rounds.get(target)?.certified
    const fullRoot = reached?.tip.round === target ? reached.verified.outcome.fullRoot : null
    if (reached === undefined || fullRoot === null) return 'nothing'
    for (const holder of ahead.peers) {
      const found = yield* askInPages<StoredSnapshot>(peer, holder, 'snapshot', peer.world.stateBytes, other =>
        lied(
          other,
          other.journal.snapshots.find(({ round }) => round === target),
        ),
      )
      if (found === null) continue
      const before = peer.engine.exportState()
      peer.engine.importState(found.state)
      if (!equalBytes(peer.engine.fullRoot(), fullRoot)) {
        peer.engine.importState(before)
        peer.tell.refused('wrong-hash', holder, 'not the certified state')
        continue
      }
      for (const { certificate, certified } of fetched)
        this.#replica.advance(certificate, certified, null, certified === reached ? 'keep' : 'pass', 0)
      this.#replica.tip = reached.tip
      return 'snapshot'
    }
    return 'nothing'
  }

  /** Page after page up to a round. */
  *#walk(ahead: Ahead, round: number): Task<readonly Fetched[]> {
    const walked: Fetched[] = []
    for (let { tip } = this.#replica; tip.round < round; ) {
      const page = yield* this.#certificates(ahead, this.#replica.history.settled(tip), round)
      const last = page.at(-1)
      if (last === undefined) break
      walked.push(...page)
      tip = last.certified.tip
    }
    return walked
  }

  /** A stage that goes on from a checkpoint that nobody of it has, at its round: the link comes from an anchor. */
  *#fromKeepers(): Task<boolean> {
    const peer = this.#peer
    const now = this.#replica.standing
    if (now.type !== 'before' || now.recovery.keepers.length === 0) return false
    const { base } = now.recovery
    const link = peer.anchors.linkAt(base.round)
    const keeping = keepingStage(peer.stage, peer.world.stages.length)
    if (link === null || keeping === null) return false
    for (const keeper of peer.world.stages[keeping] ?? []) {
      const found = yield* askInPages<KeptCheckpoint>(peer, keeper.name, 'checkpoint', peer.world.stateBytes, other => {
        const kept = other.keeper.held.find(({ round }) => round === base.round)
        const lie = other.behaviour?.state
        return kept === undefined ? null : lie === undefined ? kept : { ...kept, state: lie(kept.state) }
      })
      if (found === null) continue
      const { certificate, verified, state } = found
      const { fullRoot } = verified.outcome
      const isBase = equalBytes(verified.valueId, base.value) && equalBytes(verified.outcomeHash, base.outcome)
      if (!isBase || fullRoot === null || !equalBytes(stateRoot(state), fullRoot)) {
        peer.tell.refused('wrong-hash', keeper.name, 'not the certified state')
        continue
      }
      peer.engine.importState(state)
      const certified = { tip: tipAt(verified, link, []), encoded: new Uint8Array(0), verified }
      this.#replica.advance(certificate, certified, null, 'keep', 0)
      peer.world.recorder.reached('checkpoint-taken', peer.index)
      yield* this.#replica.settle()
      return true
    }
    return false
  }

  *#certificates({ peers }: Ahead, tip: Tip, to: number): Task<readonly Fetched[]> {
    const from = tip.round + 1
    const last = Math.min(to, from + PAGE_CERTIFICATES - 1)
    for (const holder of peers) {
      const page = yield* this.#peer.ask(holder, 'certificates', 4_000, target => target.gives.certificates(from, last))
      const walked: Fetched[] = []
      for (const certificate of page ?? []) {
        const certified = this.#replica.history.follow(certificate, walked.at(-1)?.certified.tip ?? tip)
        if (isRefusal(certified)) {
          this.#peer.tell.refused(certified.refused, holder, certified.detail)
          break
        }
        walked.push({ certificate, certified })
      }
      if (walked.length > 0) return walked
    }
    return []
  }

  *#aggregates({ peers }: Ahead, round: number, root: Uint8Array): Task<readonly Uint8Array[] | null> {
    const { gradientBytes } = this.#peer.world.scenario.workload
    for (const holder of peers) {
      const found = yield* askInPages(this.#peer, holder, 'aggregates', gradientBytes, target => {
        const partitions = target.journal.rounds.get(round)?.partitions ?? null
        const lie = target.behaviour?.state
        return partitions === null || lie === undefined ? partitions : partitions.map(bytes => lie(bytes))
      })
      if (found === null) continue
      const leaves = found.map(bytes => nativeHash(bytes))
      if (equalBytes(merkleRoot(leaves, smallHash), root)) return found
      this.#peer.tell.refused('wrong-hash', holder, 'not the certified aggregate')
    }
    return null
  }
}

function lied(peer: SimPeer, snapshot: StoredSnapshot | undefined): StoredSnapshot | null {
  const lie = peer.behaviour?.state
  if (snapshot === undefined) return null
  return lie === undefined ? snapshot : { ...snapshot, state: lie(snapshot.state) }
}
