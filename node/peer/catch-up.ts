/**
 * A replica that is behind its siblings: fetches the certificates it missed, and with them either the aggregates, which it
 * executes, or a snapshot under a certified full root. Whoever gives something wrong is counted and left.
 */
import type { PostedAnchor } from '../../consensus/chain/types.ts'
import type { State, StateStatus, TransferProgress } from '../../protocols/state/index.ts'
import type { VerifiedCertificate } from '../../protocols/wire/certificate.ts'
import { isZeroHash } from '../../protocols/wire/hash.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { isRefusal, type Refusal } from '../../protocols/wire/refusals.ts'
import type { RoundStore } from '../journal/index.ts'
import { type Alone, AnchoredWalk } from './anchored-walk.ts'
import { BEGINNINGS_MAX, chooseBeginning, ownBeginning } from './checkpoint.ts'
import { type Ahead, chooseAhead, enoughAnswers, upTo } from './choose-ahead.ts'
import { firstOf } from './first-of.ts'
import type { Certified } from './follow.ts'
import type { History } from './history.ts'
import type { StageState } from './stage-state.ts'
import { type Tip, tipAt } from './tip.ts'

export interface CatchUpInit {
  readonly stage: number
  readonly partitions: number
  /** Length of the stage's exported state. */
  readonly stateBytes: number
  readonly state: State
  readonly stageState: StageState
  readonly store: RoundStore
  readonly history: History
  readonly siblings: () => readonly PeerName[]
  /** Seats of the stage that keeps the checkpoints of this one. */
  readonly keepers: () => readonly PeerName[]
  /** What members of the stage have anchored, as far as the chain is final. */
  readonly anchors: (signal: AbortSignal) => Promise<{ posted: readonly PostedAnchor[]; headHeight: number }>
  readonly onProgress: (round: number, target: number) => void
  /** A certificate of the stage has come here, and is sound. */
  readonly onCertificate: (certificate: VerifiedCertificate) => Promise<void>
  /** A snapshot is on its way. */
  readonly onTransfer: (progress: TransferProgress) => void
}

/** How the gap was closed. */
export type CaughtUp = 'nothing' | 'replay' | 'snapshot'

export class CatchUp {
  readonly #init: CatchUpInit

  constructor(init: CatchUpInit) {
    this.#init = init
  }

  /**
   * Goes on until no sibling that can prove it is ahead.
   * @param afresh - the own state is not to be trusted: take a snapshot, even an older one
   */
  async run(signal: AbortSignal, afresh = false): Promise<CaughtUp> {
    let by: CaughtUp = 'nothing'
    const liars = new Set<PeerName>()
    for (let fresh = afresh; ; ) {
      await this.#settle(signal)
      // Its rounds are those of a history that the stage has left: it begins anew from its disk.
      if (this.#init.history.standing(this.#init.stageState.tip).type === 'left') return by
      const ahead = (await this.#ahead(liars, signal, fresh)) ?? (await this.#kept(liars, signal))
      if (ahead === null) return by
      // Where what leads to the base of a recovery is no longer kept, its rounds are passed over with all others.
      const beyond = () => this.#ahead(liars, signal, false, Number.POSITIVE_INFINITY)
      const moved: CaughtUp = fresh ? await this.#jump(ahead, signal) : await this.#follow(ahead, beyond, signal)
      if (moved === 'nothing') {
        // They claimed more than they can show.
        for (const peer of ahead.peers) liars.add(peer)
        continue
      }
      fresh = false
      if (by !== 'snapshot') by = moved
    }
  }

  /** At the base of a recovery the history goes on with the round that it resumes with. */
  async #settle(signal: AbortSignal): Promise<void> {
    const { history, stageState } = this.#init
    if (history.standing(stageState.tip).type !== 'base') return
    stageState.resume(await history.settled(stageState.tip, signal))
  }

  /** Siblings that do not know it yet go on beyond the base of a recovery. */
  get #lastRound(): number {
    const { history, stageState } = this.#init
    const now = history.standing(stageState.tip)
    return now.type === 'before' ? now.recovery.base.round : Number.POSITIVE_INFINITY
  }

  /** @param last - rounds after it do not count */
  async #ahead(
    liars: ReadonlySet<PeerName>,
    signal: AbortSignal,
    fresh: boolean,
    last = this.#lastRound,
  ): Promise<Ahead | null> {
    const { siblings, state, stageState, stage } = this.#init
    const asked = siblings().filter(peer => !liars.has(peer))
    const ask = async (peer: PeerName): Promise<{ peer: PeerName; status: StateStatus } | null> => {
      const status = await state.status(peer, { signal })
      return isRefusal(status) || status.stage !== stage ? null : { peer, status }
    }
    const known = await firstOf(asked.map(ask), enoughAnswers(asked.length))
    signal.throwIfAborted()
    return chooseAhead(upTo(known, last), stageState.tip.round, fresh)
  }

  /** A stage that goes on from a checkpoint whose state nobody of it has: whoever keeps that. */
  async #kept(liars: ReadonlySet<PeerName>, signal: AbortSignal): Promise<Ahead | null> {
    const { history, stageState, keepers, state, stage } = this.#init
    const now = history.standing(stageState.tip)
    if (now.type !== 'before' || now.recovery.keepers.length === 0) return null
    const { round } = now.recovery.base
    const asked = keepers().filter(peer => !liars.has(peer))
    const rounds = await Promise.all(asked.map(peer => state.checkpoints(peer, stage, { signal })))
    signal.throwIfAborted()
    const peers = asked.filter((_, index) => {
      const told = rounds[index]
      return told !== undefined && !isRefusal(told) && told.includes(round)
    })
    return peers.length === 0 ? null : { peers, round, snapshotRound: round }
  }

  /** A page of certificates and their aggregates; a snapshot where either are gone. */
  async #follow(ahead: Ahead, beyond: () => Promise<Ahead | null>, signal: AbortSignal): Promise<CaughtUp> {
    const { stageState, onProgress } = this.#init
    const page = await this.#certificates(ahead, stageState.tip, ahead.round, signal)
    const jump = async (): Promise<CaughtUp> => {
      const held = ahead.snapshotRound === null ? await beyond() : ahead
      return held === null ? 'nothing' : this.#jump(held, signal)
    }
    if (isRefusal(page)) return isGone(page) ? jump() : 'nothing'
    let by: CaughtUp = 'nothing'
    for (const certified of page) {
      const partitions = await this.#aggregate(ahead, certified, signal)
      const isNewest = certified.tip.round === ahead.round
      const isDone = !isRefusal(partitions) && (await stageState.replay(certified, partitions, isNewest, signal))
      if (!isDone) return (await jump()) === 'snapshot' ? 'snapshot' : by
      by = 'replay'
      onProgress(certified.tip.round, ahead.round)
    }
    return by
  }

  /**
   * To the newest snapshot that a sibling has, past everything before it; or, where an interrupted transfer has left a part of
   * one that is ahead too, to that one, as long as a sibling still has it.
   */
  async #jump(ahead: Ahead, signal: AbortSignal): Promise<CaughtUp> {
    const { stageState, store } = this.#init
    const { snapshotRound: newest } = ahead
    if (newest === null) return 'nothing'
    const { unfinished } = store
    if (unfinished !== null && unfinished < newest && unfinished > stageState.tip.round) {
      if ((await this.#take(ahead, unfinished, signal)) === 'snapshot') return 'snapshot'
    }
    return this.#take(ahead, newest, signal)
  }

  async #take(ahead: Ahead, round: number, signal: AbortSignal): Promise<CaughtUp> {
    const { stageState, store, state, stage, stateBytes, onProgress, onTransfer } = this.#init
    const target = await this.#certifiedAt(ahead, round, signal)
    const fullRoot = target?.verified.outcome.fullRoot ?? null
    if (target === null || fullRoot === null) return 'nothing'
    const { tip } = target
    const sink = await store.incoming({ round, link: tip.link, state: tip.state, fullRoot })
    const wanted = { stage, round, fullRoot, bytes: stateBytes }
    try {
      const refusal = await state.snapshot(ahead.peers, wanted, sink, { signal, onProgress: onTransfer })
      if (refusal !== null) return 'nothing'
      await store.putCertificate(stage, round, target.encoded)
      if (!(await stageState.adopt(target, sink))) return 'nothing'
    } finally {
      await sink.close()
    }
    onProgress(round, ahead.round)
    return 'snapshot'
  }

  /** Walks the certificates, own and fetched, up to a round; stores the fetched ones. */
  async #certifiedAt(ahead: Ahead, round: number, signal: AbortSignal): Promise<Certified | null> {
    const { stageState, store, stage, history } = this.#init
    if (round <= stageState.tip.round) return this.#ownAt(round, signal)
    let tip = stageState.tip
    let last: Certified | null = null
    while (tip.round < round) {
      // The rounds that a recovery left out are nobody's.
      tip = await history.settled(tip, signal)
      const page = await this.#certificates(ahead, tip, round, signal)
      if (isRefusal(page)) return isGone(page) ? this.#anchoredAt(ahead, round, signal) : null
      for (const certified of page) {
        await store.putCertificate(stage, certified.tip.round, certified.encoded)
        last = certified
        tip = certified.tip
      }
    }
    return last
  }

  /** A round before the tip, of which the own certificates are sound though the state is not. */
  async #ownAt(round: number, signal: AbortSignal): Promise<Certified | null> {
    const { history, store, stage, stageState } = this.#init
    const beginning = await ownBeginning({ store, stage, history, start: stageState.start, signal }, round)
    if (beginning === null) return null
    let last = await this.#certifiedAlone(beginning, signal)
    let tip = beginning
    while (tip.round < round) {
      tip = await history.settled(tip, signal)
      const encoded = await store.certificate(stage, tip.round + 1)
      const next = encoded === null ? null : await history.next(tip, encoded, signal)
      if (next === null || isRefusal(next)) return null
      last = next
      tip = next.tip
    }
    return last
  }

  /** The certificate that a tip is the end of; null for the initial state. */
  async #certifiedAlone(tip: Tip, signal: AbortSignal): Promise<Certified | null> {
    const { history, store, stage } = this.#init
    const encoded = await store.certificate(stage, tip.round)
    const verified = encoded === null ? null : await history.alone(encoded, Number.POSITIVE_INFINITY, signal)
    return encoded === null || verified === null || isRefusal(verified) ? null : { tip, encoded, verified }
  }

  /** Siblings no longer keep what follows the own tip: begins at an anchored round instead; stores what it fetched from there on. */
  async #anchoredAt({ peers }: Ahead, round: number, signal: AbortSignal): Promise<Certified | null> {
    const { state, history, stage, anchors } = this.#init
    const { posted, headHeight } = await anchors(signal)
    const usable = posted.filter(({ toRound }) => toRound <= round).toSorted((a, b) => a.toRound - b.toRound)
    const begin = new AnchoredWalk({ state, history, stage, peers, headHeight, signal })
    for (const { toRound } of usable.slice(-BEGINNINGS_MAX)) {
      const walked = await begin.walk(toRound, round)
      if (isRefusal(walked)) {
        if (isGone(walked)) continue
        return null
      }
      const anchor = chooseBeginning(
        usable,
        walked.map(({ verified }) => verified),
      )
      return anchor === null ? null : this.#followAnchored(anchor, walked, signal)
    }
    return null
  }

  /** @param walked - with the anchor's round among them */
  async #followAnchored(
    anchor: PostedAnchor,
    walked: readonly Alone[],
    signal: AbortSignal,
  ): Promise<Certified | null> {
    const { history, store, stage, onCertificate } = this.#init
    const at = walked.findIndex(({ verified }) => verified.value.scope.round === anchor.toRound)
    const [first, ...others] = walked.slice(at)
    if (at < 0 || first === undefined) return null
    const before = walked.slice(0, at).map(({ verified }) => verified)
    let last: Certified = { tip: tipAt(first.verified, anchor.link, before), ...first }
    for (const { encoded } of others) {
      const next = await history.next(last.tip, encoded, signal)
      if (isRefusal(next)) return null
      last = next
    }
    for (const { verified, encoded } of walked) {
      await onCertificate(verified)
      await store.putCertificate(stage, verified.value.scope.round, encoded)
    }
    return last
  }

  async #certificates(
    { peers }: Ahead,
    from: Tip,
    to: number,
    signal: AbortSignal,
  ): Promise<readonly Certified[] | Refusal> {
    const { state, history, stage, onCertificate } = this.#init
    let walked: Certified[] = []
    const check = async (page: readonly Uint8Array[]): Promise<Refusal | null> => {
      const fresh: Certified[] = []
      for (const encoded of page) {
        const next = await history.next(fresh.at(-1)?.tip ?? from, encoded, signal)
        if (isRefusal(next)) return next
        fresh.push(next)
      }
      walked = fresh
      return null
    }
    const page = await state.certificates(peers, { stage, from: from.round + 1, to }, check, { signal })
    if (isRefusal(page)) return page
    for (const { verified } of walked) await onCertificate(verified)
    return walked
  }

  async #aggregate(
    { peers }: Ahead,
    { tip, verified }: Certified,
    signal: AbortSignal,
  ): Promise<readonly Uint8Array[] | null | Refusal> {
    const { state, stage, partitions } = this.#init
    const { aggregateRoot } = verified.outcome
    if (isZeroHash(aggregateRoot)) return null
    return state.aggregate(peers, { stage, round: tip.round, aggregateRoot, partitions }, { signal })
  }
}

/** Nobody who was asked keeps it any more. */
function isGone({ refused }: Refusal): boolean {
  return refused === 'pruned' || refused === 'unknown-item'
}
