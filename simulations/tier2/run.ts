/** One run of a scenario over real processes: sets it up, lets faults happen by the clock, and has it judged. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NodeEvent } from '../../node/events/types.ts'
import type { ChildEnd } from '../../node/local/child.ts'
import { runningCheckers } from '../checkers/index.ts'
import type { ConcreteScenario, PeerShape } from '../scenario/types.ts'
import type { RunOptions } from '../tier.ts'
import { Recorder } from '../trace/recorder.ts'
import type { RunResult, SimEvent, Verdict, Violation } from '../trace/types.ts'
import { HANDS } from './faults.ts'
import { ATTACKED, liarFault, liarOf } from './liars/index.ts'
import { Links } from './links.ts'
import { Machines } from './machines.ts'
import { Schedule } from './schedule.ts'
import { reachedBy, translate } from './translate.ts'
import { verifyFolders } from './verify.ts'

/** For keys, bonds, dialling; a machine may be busy. */
const SET_UP_MS = 180_000
/** `swarm-node verify` at the end. */
const VERIFY_MS = 60_000

export async function runScenario(scenario: ConcreteScenario, options: RunOptions): Promise<RunResult> {
  const unknown = scenario.faults.find(({ kind }) => HANDS[kind] === undefined)
  if (unknown !== undefined) throw new RangeError(`tier 2 has no hands for the fault '${unknown.kind}'`)
  const wrong = liarFault(scenario)
  if (wrong !== null) throw new RangeError(wrong)
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'swarm-sim-'))
  const run = new Tier2Run(scenario, options, folder)
  try {
    return await run.result()
  } finally {
    if (options.folder === undefined) rmSync(folder, { recursive: true, force: true })
  }
}

class Tier2Run {
  readonly #scenario: ConcreteScenario
  readonly #options: RunOptions
  readonly #folder: string
  readonly #links: Links
  readonly #recorder = new Recorder(() => this.#nowMs())
  readonly #checkers: ReturnType<typeof runningCheckers>
  readonly #wallStartMs = performance.now()
  readonly #ready = new Set<number>()
  /** Last round that each peer is known to have. */
  readonly #rounds = new Map<number, number>()
  readonly #decided = new Set<string>()
  readonly #violations: Violation[] = []
  readonly #over = Promise.withResolvers<'finished' | 'limit' | 'violated'>()
  readonly #started = Promise.withResolvers<void>()
  #microBatches = 0
  #bytes = 0
  #machines: Machines | null = null
  #schedule: Schedule | null = null
  /** Wall time at which the scenario's begins: every peer is ready. */
  #zeroMs: number | null = null
  #stopping = false

  constructor(scenario: ConcreteScenario, options: RunOptions, folder: string) {
    this.#scenario = scenario
    this.#options = options
    this.#folder = folder
    this.#checkers = runningCheckers(scenario, 2)
    this.#links = new Links(shapesOf(scenario), scenario.network, scenario.seed)
    this.#recorder.listen(event => this.#judge(event))
    this.#started.promise.catch(() => undefined)
    this.#over.promise.catch(() => undefined)
  }

  async result(): Promise<RunResult> {
    const { signal } = this.#options
    const onAbort = () => this.#fail(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      const machines = await this.#setUp()
      const reason = await this.#train(machines)
      this.#emit({ type: 'end', atMs: this.#nowMs(), reason })
      this.#stopping = true
      await this.#wind(machines, reason)
      return this.#summary()
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#stopping = true
      this.#schedule?.cancel()
      await this.#machines?.stopAll()
    }
  }

  async #setUp(): Promise<Machines> {
    const signal = AbortSignal.any([this.#options.signal, AbortSignal.timeout(SET_UP_MS)])
    const scenario = this.#scenario
    const machines = await Machines.create({
      scenario,
      folder: this.#folder,
      links: this.#links,
      programOf: peer => liarOf(scenario, peer),
      onEvent: (peer, event) => this.#onEvent(peer, event),
      onOther: (peer, message) => this.#onLie(peer, message),
      onEnd: (peer, end, wanted) => this.#onEnd(peer, end, wanted),
      signal,
    })
    this.#machines = machines
    for (const [peer, { stage, peer: name }] of machines.peers.entries())
      this.#emit({ type: 'seat', atMs: 0, peer, stage, name, honest: this.#isHonest(peer) })
    for (const peer of machines.peers.keys()) machines.start(peer)
    const tooLate = setTimeout(() => this.#fail(new Error(`not every peer is ready after ${SET_UP_MS} ms`)), SET_UP_MS)
    await this.#started.promise.finally(() => clearTimeout(tooLate))
    return machines
  }

  async #train(machines: Machines): Promise<'finished' | 'limit' | 'violated'> {
    const { faults, seed, limitMs, healAtMs } = this.#scenario
    this.#zeroMs = performance.now()
    const schedule = new Schedule({
      faults,
      room: { machines, links: this.#links, seed },
      onBegin: (fault, { kind, peers }) => this.#emit({ type: 'fault', atMs: this.#nowMs(), fault, kind, peers }),
      onHealed: (fault, { kind, peers }) => {
        this.#emit({ type: 'healed', atMs: this.#nowMs(), fault, kind, peers })
        this.#look()
      },
      onError: error => this.#fail(error),
    })
    this.#schedule = schedule
    const limit = setTimeout(() => this.#over.resolve('limit'), limitMs)
    // Everybody may be done before: then nothing else happens at that time.
    const healed = setTimeout(() => this.#look(), healAtMs)
    try {
      return await this.#over.promise
    } finally {
      clearTimeout(limit)
      clearTimeout(healed)
      await schedule.heal()
    }
  }

  /** Stops the peers, so that their disks are complete, and has these checked. */
  async #wind(machines: Machines, reason: string): Promise<void> {
    await machines.stopPeers()
    if (this.#scenario.attackers.length > 0 || reason === 'violated') return
    const signal = AbortSignal.any([this.#options.signal, AbortSignal.timeout(VERIFY_MS)])
    const wrong = await verifyFolders(this.#folder, machines.chainUrl, signal)
    if (wrong !== null) this.#violate('verify', `swarm-node verify of the folders at the end: ${wrong}`, [])
  }

  #onEvent(peer: number, event: NodeEvent): void {
    const machines = this.#machines
    if (machines === null) return
    this.#count(peer, event)
    if (this.#stopping) return
    const stage = machines.peers[peer]?.stage ?? -1
    const indexOf = (name: string) => machines.peers.findIndex(one => one.peer === name)
    for (const one of translate(event, { peer, stage, atMs: this.#nowMs(), indexOf })) this.#emit(one)
    if (event.event === 'peer.ready') {
      this.#ready.add(peer)
      if (this.#ready.size === machines.peers.length) this.#started.resolve()
    }
    if (event.event === 'round.certified' || event.event === 'synced') {
      this.#rounds.set(peer, Math.max(this.#rounds.get(peer) ?? 0, event.round))
      this.#look()
    }
  }

  /** Liars tell when they lie: the clock of whether they are caught begins then. */
  #onLie(peer: number, { event, attack }: Record<string, unknown>): void {
    if (event !== ATTACKED || this.#stopping || this.#zeroMs === null) return
    const round = this.#rounds.get(peer) ?? 0
    this.#emit({ type: 'attacked', atMs: this.#nowMs(), peer, attack: String(attack), round })
  }

  #count(peer: number, event: NodeEvent): void {
    if (event.event === 'traffic') this.#bytes += Object.values(event.sentBytes).reduce((sum, bytes) => sum + bytes, 0)
    const reached = reachedBy(event)
    if (reached !== null && !this.#stopping) this.#recorder.reached(reached, peer)
    if (event.event !== 'round.certified' || !this.#isHonest(peer)) return
    const key = `${event.stage}/${event.round}`
    if (this.#decided.has(key)) return
    this.#decided.add(key)
    if (event.stage === 0) this.#microBatches += event.sealed.reduce((sum, { count }) => sum + count, 0)
  }

  #onEnd(peer: number, end: ChildEnd, wanted: boolean): void {
    if (this.#stopping) return
    const reason = this.#machines?.lastWords(end) ?? ''
    this.#emit({ type: 'down', atMs: this.#nowMs(), peer, by: wanted ? 'fault' : reason })
    if (wanted) return
    if (this.#zeroMs === null) this.#fail(new Error(`peer ${peer} ended while it was started: ${reason}`))
    else if (this.#isHonest(peer)) this.#violate('process', `peer ${peer} ended by itself: ${reason}`, [peer])
  }

  /** Over when every honest peer that runs has all rounds, and nothing more is to happen. */
  #look(): void {
    const { workload, healAtMs } = this.#scenario
    const machines = this.#machines
    if (machines === null || this.#zeroMs === null || this.#schedule?.isOver !== true) return
    if (this.#nowMs() < healAtMs) return
    const waited = [...machines.peers.keys()].filter(peer => this.#isHonest(peer) && machines.isRunning(peer))
    if (waited.every(peer => (this.#rounds.get(peer) ?? 0) >= workload.rounds)) this.#over.resolve('finished')
  }

  #judge(event: SimEvent): void {
    if (this.#options.until?.(event) === true) this.#over.resolve('limit')
    this.#options.onEvent?.(event)
    if (this.#checkers.event(event)) this.#over.resolve('violated')
  }

  #violate(checker: string, sentence: string, peers: readonly number[]): void {
    this.#violations.push({ checker, atMs: this.#nowMs(), sentence, peers })
    this.#over.resolve('violated')
  }

  #fail(error: unknown): void {
    this.#started.reject(error)
    this.#over.reject(error)
  }

  #emit(event: SimEvent): void {
    this.#recorder.emit(event)
  }

  #nowMs(): number {
    return this.#zeroMs === null ? 0 : Math.round(performance.now() - this.#zeroMs)
  }

  #isHonest(peer: number): boolean {
    return !this.#scenario.attackers.some(({ peers }) => peers.includes(peer))
  }

  #summary(): RunResult {
    const virtualMs = this.#nowMs()
    return {
      tier: 2,
      verdict: withOwn(this.#checkers.verdict(virtualMs), this.#violations),
      reached: this.#recorder.counts,
      traceHash: this.#recorder.finish(),
      statistics: {
        virtualMs,
        wallMs: performance.now() - this.#wallStartMs,
        peers: this.#machines?.peers.length ?? 0,
        roundsDecided: this.#decided.size,
        messages: 0,
        bytes: this.#bytes,
        microBatchesSettled: this.#microBatches,
      },
    }
  }
}

function withOwn(verdict: Verdict, own: readonly Violation[]): Verdict {
  const [first] = own
  if (first === undefined) return verdict
  return { verdict: 'violated', sentence: first.sentence, violations: [...own, ...verdict.violations] }
}

function shapesOf({ swarm, peer }: ConcreteScenario): readonly PeerShape[] {
  return Array.from({ length: swarm.stages * swarm.replicas }, (_, index) => {
    return { ...peer, ...swarm.peers?.find(one => one.index === index) }
  })
}
