/** State of a run as the events tell it: the pure part that the live table, the plain lines and the chart share. */
import type { NodeEvent, StartPhase } from '../../events/types.ts'

export interface RoundLine {
  readonly round: number
  readonly train: number
  readonly heldOut: number | null
  readonly tokensPerSecond: number
}

export interface StageLine {
  round: number
  view: number
  leader: string
  state: string
  commits: number
  anchoredRound: number
  anchorBlock: number
  waitingFor: string
}

export class Progress {
  readonly stages = new Map<number, StageLine>()
  readonly losses: RoundLine[] = []
  readonly phases: { phase: StartPhase; ms: number }[] = []
  readonly evidence: { kind: string; peer: string }[] = []
  readonly refused = new Map<string, number>()
  readyPeers = 0
  targetRounds: number
  startedMs: number | null = null
  newestMs: number | null = null
  firstRound: number | null = null

  constructor(targetRounds: number) {
    this.targetRounds = targetRounds
  }

  /** Takes an event in; returns true where it completes a round line that is worth printing. */
  apply(event: NodeEvent): boolean {
    switch (event.event) {
      case 'start.phase':
        this.phases.push({ phase: event.phase, ms: event.ms })
        return false
      case 'peer.ready':
        this.readyPeers++
        return false
      case 'waiting':
        this.stage(event.stage).waitingFor = event.for
        return false
      case 'round.certified':
        return this.#certified(event)
      case 'round.anchored': {
        const stage = this.stage(event.stage)
        if (event.to > stage.anchoredRound || stage.anchorBlock === 0) {
          stage.anchoredRound = event.to
          stage.anchorBlock = event.block
        }
        return false
      }
      case 'loss':
        return this.#loss(event)
      case 'evidence':
        this.evidence.push({ kind: event.kind, peer: event.peer })
        return false
      case 'refused':
        this.refused.set(event.reason, (this.refused.get(event.reason) ?? 0) + 1)
        return false
      default:
        return false
    }
  }

  stage(index: number): StageLine {
    let line = this.stages.get(index)
    if (line === undefined) {
      line = {
        round: -1,
        view: 0,
        leader: '',
        state: '',
        commits: 0,
        anchoredRound: -1,
        anchorBlock: 0,
        waitingFor: '',
      }
      this.stages.set(index, line)
    }
    return line
  }

  /** The lowest round that every stage has certified, or -1. */
  certifiedRound(): number {
    if (this.stages.size === 0) return -1
    return Math.min(...[...this.stages.values()].map(stage => stage.round))
  }

  /** Rounds certified by every stage since this start. */
  done(): number {
    return this.firstRound === null ? 0 : Math.max(0, this.certifiedRound() - this.firstRound + 1)
  }

  /** From the first to the last certified round. */
  trainingSeconds(): number {
    return this.startedMs === null || this.newestMs === null ? 0 : (this.newestMs - this.startedMs) / 1000
  }

  /** Milliseconds left at the pace so far, or null before there is one. */
  remainingMs(nowMs: number): number | null {
    const done = this.done()
    if (done < 2 || this.startedMs === null) return null
    return ((nowMs - this.startedMs) / done) * Math.max(0, this.targetRounds - done)
  }

  #certified(event: Extract<NodeEvent, { event: 'round.certified' }>): boolean {
    const stage = this.stage(event.stage)
    stage.waitingFor = ''
    if (event.round <= stage.round) return false
    if (this.firstRound === null) {
      this.firstRound = event.round
      this.startedMs = event.timeMs
    }
    this.newestMs = event.timeMs
    stage.round = event.round
    stage.view = event.view
    stage.leader = event.leader
    stage.state = event.state
    stage.commits = event.commits
    return false
  }

  #loss(event: Extract<NodeEvent, { event: 'loss' }>): boolean {
    const last = this.losses.at(-1)
    if (last !== undefined && event.round <= last.round) {
      // The held-out loss of a round comes after its training loss: the lines since then are amended, not repeated.
      if (event.heldOut !== null) this.#measured(event.round, event.heldOut)
      return false
    }
    const { round, train, heldOut, tokensPerSecond } = event
    this.losses.push({ round, train, heldOut: heldOut ?? last?.heldOut ?? null, tokensPerSecond })
    return true
  }

  #measured(round: number, heldOut: number): void {
    for (const [index, line] of this.losses.entries()) {
      if (line.round >= round) this.losses[index] = { ...line, heldOut }
    }
  }
}
