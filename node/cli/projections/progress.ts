/** State of a run as the events tell it: the pure part that the live table, the plain lines and the chart share. */
import type { TransferProgress } from '../../../protocols/state/index.ts'
import type { NodeEvent, StartPhase } from '../../events/types.ts'
import type { Reachability } from '../../network/nat/types.ts'
import { lostText } from '../../peer/place.ts'

export interface RoundLine {
  readonly round: number
  readonly train: number
  readonly heldOut: number | null
  readonly tokensPerSecond: number
}

export interface StageLine {
  /** Last certified round; -1 before the first that was heard of. */
  round: number
  view: number
  leader: string
  state: string
  anchoredRound: number
  anchorBlock: number
  waitingFor: string
  /** That it lost its quorum, and what it needs; empty where it has one. */
  lost: string
  transfer: TransferLine | null
}

/** A snapshot on its way, and what was there when it was first heard of. */
export interface TransferLine extends TransferProgress {
  readonly firstBytes: number
  readonly firstMs: number
}

export interface ProgressInit {
  /** Rounds that this start is to certify; null where there is no end. */
  readonly targetRounds: number | null
  /** Stages whose rounds are reported here. */
  readonly stages: number
  /** Peers that report here. */
  readonly peers: number
}

/** Lines kept for amending them with a held-out loss, and for the chart: more than a run of a month has. */
const MAX_LINES = 1_000_000

export class Progress {
  readonly targetRounds: number | null
  readonly peers: number
  readonly stages = new Map<number, StageLine>()
  readonly losses: RoundLine[] = []
  readonly phases = new Map<StartPhase, number>()
  readonly readyPeers = new Set<string>()
  /** How others reach this peer; null until it is known, and for a local swarm. */
  reachability: Reachability | null = null
  /** How often each was reported. */
  evidence = 0
  refused = 0
  readonly #stageCount: number
  /** Tokens of the rounds that each stage certified since this start. */
  readonly #tokens = new Map<number, number>()
  /** The round before the first of this start; null until known. */
  #baseRound: number | null = null
  #toldRound = Number.NEGATIVE_INFINITY
  #startedMs: number | null = null
  #newestMs: number | null = null

  constructor({ targetRounds, stages, peers }: ProgressInit) {
    this.targetRounds = targetRounds
    this.peers = peers
    this.#stageCount = stages
  }

  /** The folder holds certified rounds up to this one already. */
  continueAfter(round: number): void {
    this.#baseRound = round
  }

  /** Takes an event in; returns the rounds of which everything is known now: the loss, and a certificate of every stage. */
  apply(event: NodeEvent): readonly RoundLine[] {
    switch (event.event) {
      case 'start.phase':
        this.phases.set(event.phase, event.ms)
        return []
      case 'peer.ready':
        this.readyPeers.add(event.peer)
        return []
      case 'reachability':
        this.reachability = event
        return []
      case 'peer.stopped':
        this.readyPeers.delete(event.peer)
        return []
      case 'waiting':
        this.#stage(event.stage).waitingFor = event.for
        return []
      case 'stage.lost':
        this.#stage(event.stage).lost = lostText(event)
        return []
      case 'stage.kept':
        this.#stage(event.stage).lost = ''
        return []
      case 'stage.recovered':
        this.#recovered(event)
        return []
      case 'sync.progress': {
        const stage = this.#stage(event.stage)
        const { firstBytes = event.bytes, firstMs = event.timeMs } = stage.transfer ?? {}
        const { bytes, of, sources } = event
        stage.transfer = { bytes, of, sources, firstBytes, firstMs }
        return []
      }
      case 'synced':
        this.#stage(event.stage).transfer = null
        return []
      case 'round.started':
        this.#startedMs ??= event.timeMs
        this.#stage(event.stage).transfer = null
        return []
      case 'round.certified':
        this.#certified(event)
        return this.#complete()
      case 'round.anchored':
        this.#anchored(event)
        return []
      case 'loss':
        this.#loss(event)
        return this.#complete()
      case 'evidence':
        this.evidence++
        return []
      case 'refused':
        this.refused++
        return []
      default:
        return []
    }
  }

  /** The last round that every stage has certified since this start; null before the first. */
  certifiedRound(): number | null {
    const rounds = [...this.stages.values()].map(stage => stage.round).filter(round => round >= 0)
    return rounds.length < this.#stageCount ? null : Math.min(...rounds)
  }

  /** Rounds certified by every stage since this start. */
  done(): number {
    const certified = this.certifiedRound()
    return certified === null || this.#baseRound === null ? 0 : Math.max(0, certified - this.#baseRound)
  }

  /** Every round that was asked for is certified. */
  isDone(): boolean {
    return this.targetRounds !== null && this.done() >= this.targetRounds
  }

  /** From the start of the first round to the newest certificate. */
  trainingSeconds(): number {
    return this.#startedMs === null || this.#newestMs === null ? 0 : (this.#newestMs - this.#startedMs) / 1000
  }

  /** Tokens that the head's stage, the last one, sealed since this start. */
  tokens(): number {
    return this.#tokens.get(Math.max(...this.#tokens.keys())) ?? 0
  }

  /** Milliseconds left at the pace so far, or null before there is one. */
  remainingMs(nowMs: number): number | null {
    const done = this.done()
    if (done < 2 || this.#startedMs === null || this.targetRounds === null) return null
    return ((nowMs - this.#startedMs) / done) * Math.max(0, this.targetRounds - done)
  }

  /** The snapshot that is on its way; of the first stage where several are. */
  transfer(): TransferLine | null {
    return [...this.stages.values()].find(stage => stage.transfer !== null)?.transfer ?? null
  }

  #stage(index: number): StageLine {
    let line = this.stages.get(index)
    if (line === undefined) {
      line = {
        round: -1,
        view: 0,
        leader: '',
        state: '',
        anchoredRound: -1,
        anchorBlock: 0,
        waitingFor: '',
        lost: '',
        transfer: null,
      }
      this.stages.set(index, line)
    }
    return line
  }

  #certified(event: Extract<NodeEvent, { event: 'round.certified' }>): void {
    const stage = this.#stage(event.stage)
    stage.waitingFor = ''
    if (event.round <= stage.round) return
    this.#baseRound ??= event.round - 1
    this.#startedMs ??= event.timeMs
    this.#newestMs = event.timeMs
    this.#tokens.set(event.stage, (this.#tokens.get(event.stage) ?? 0) + event.tokens)
    Object.assign(stage, { round: event.round, view: event.view, leader: event.leader, state: event.state })
  }

  #anchored(event: Extract<NodeEvent, { event: 'round.anchored' }>): void {
    const stage = this.#stage(event.stage)
    if (event.to <= stage.anchoredRound) return
    stage.anchoredRound = event.to
    stage.anchorBlock = event.block
  }

  #recovered({ stage: index, base }: Extract<NodeEvent, { event: 'stage.recovered' }>): void {
    const stage = this.#stage(index)
    stage.lost = ''
    // What was anchored after the base is not final any more.
    stage.anchoredRound = Math.min(stage.anchoredRound, base)
  }

  #loss({ round, train, heldOut, tokensPerSecond }: Extract<NodeEvent, { event: 'loss' }>): void {
    const last = this.losses.at(-1)
    if (last !== undefined && round <= last.round) {
      // The held-out loss of a round comes after its training loss: the lines since then are amended, not repeated.
      if (heldOut !== null) this.#measured(round, heldOut)
      return
    }
    this.losses.push({ round, train, heldOut: heldOut ?? last?.heldOut ?? null, tokensPerSecond })
    if (this.losses.length > MAX_LINES) this.losses.shift()
  }

  #measured(round: number, heldOut: number): void {
    for (let index = this.losses.length - 1; index >= 0; index--) {
      const line = this.losses[index]
      if (line === undefined || line.round < round) return
      this.losses[index] = { ...line, heldOut }
    }
  }

  #complete(): readonly RoundLine[] {
    const certified = this.certifiedRound()
    if (certified === null) return []
    const fresh: RoundLine[] = []
    for (let index = this.losses.length - 1; index >= 0; index--) {
      const line = this.losses[index]
      if (line === undefined || line.round <= this.#toldRound) break
      if (line.round <= certified) fresh.unshift(line)
    }
    this.#toldRound = fresh.at(-1)?.round ?? this.#toldRound
    return fresh
  }
}
