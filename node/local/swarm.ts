/**
 * The processes of a local swarm. The parent starts them, passes their events on and stops them; it decides nothing that
 * the peers do, and they go on without it until their standard input closes.
 */
import type { EventBus } from '../events/bus.ts'
import { type EventName, isNodeEvent, type NodeEvent } from '../events/types.ts'
import { Child, type ChildEnd } from './child.ts'
import { childFailure, lastWords } from './failure.ts'
import { freePorts } from './ports.ts'
import { type JoinCommand, joinArguments, PEER_ENVIRONMENT, PEER_NODE_FLAGS, PROGRAM, peerLog } from './programs.ts'
import type { LocalPeer } from './setup.ts'
import { StartPhases } from './start-phases.ts'

/** Peers that the others start from. */
const BOOTSTRAP_PEERS = 2
/** For flushing journals and snapshots. */
const STOP_GRACE_MS = 15_000
/** Keys of shared events remembered: a few hundred rounds of every stage. */
const MAX_SHOWN = 4096

export interface SwarmInit extends Omit<JoinCommand, 'peer' | 'port' | 'bootstrap' | 'run'> {
  readonly peers: readonly LocalPeer[]
  readonly stages: number
  readonly bus: EventBus
}

/** Events that every peer of a stage, or every peer at all, raises alike: shown once. */
const SHARED_EVENTS: ReadonlySet<EventName> = new Set([
  'round.certified',
  'round.anchored',
  'loss',
  'waiting',
  'round.started',
  'synced',
  'chain.away',
  'chain.back',
  'lease',
  'stage.lost',
  'stage.kept',
  'stage.recovered',
  'membership.changed',
  'seat',
  'shortage',
])

/** Fields that tell two events of a name and stage apart. */
const TELLING: Readonly<Partial<Record<string, readonly string[]>>> = {
  seat: ['epoch', 'peer', 'became'],
  shortage: ['epoch'],
  lease: ['isHeld', 'untilHeight'],
  'stage.lost': ['untilHeight', 'needs'],
  'stage.recovered': ['resume'],
}

/** Events that tell of a state: shown where it is another than the last one shown in this slot. */
const SLOTS: Readonly<Record<string, (message: Record<string, unknown>) => readonly [slot: string, text: string]>> = {
  waiting: ({ stage, for: what }) => [`waiting/${String(stage)}`, String(what)],
  'chain.away': () => ['chain', 'away'],
  'chain.back': () => ['chain', 'back'],
}

function tellingText(message: Record<string, unknown>): string {
  return (TELLING[String(message.event)] ?? []).map(field => `/${String(message[field])}`).join('')
}

export class LocalSwarm {
  readonly #init: SwarmInit
  readonly #children = new Map<string, Child>()
  readonly #shown = new Map<string, string>()
  readonly #finished = new Set<string>()
  readonly #allFinished = Promise.withResolvers<void>()
  readonly #stageOf = new Map<string, number>()
  readonly #traffic: Record<string, number> = {}
  readonly #phases: StartPhases
  #stopping = false

  constructor(init: SwarmInit) {
    this.#init = init
    this.#phases = new StartPhases({ peers: init.peers.length, stages: init.stages })
    // It may be rejected before anybody waits for it.
    this.#allFinished.promise.catch(() => undefined)
  }

  /** Bytes sent by all peers, by kind; complete once they have stopped. */
  get traffic(): Readonly<Record<string, number>> {
    return this.#traffic
  }

  /** Starts the peers, waits until all have certified the last round or `stop` fires, and stops them. */
  async run(stop: AbortSignal): Promise<void> {
    stop.addEventListener('abort', () => this.#allFinished.resolve(), { once: true })
    if (stop.aborted) return
    try {
      await this.#start()
      await this.#allFinished.promise
    } finally {
      this.#stopping = true
      await Promise.all([...this.#children.values()].map(child => child.stop(STOP_GRACE_MS)))
    }
  }

  /** Something that the peers cannot do without is gone: they are stopped, and `run` rejects with this. */
  fail(error: unknown): void {
    this.#allFinished.reject(error)
  }

  async #start(): Promise<void> {
    const { peers } = this.#init
    const ports = await freePorts(peers.length)
    const bootstrap = peers
      .slice(0, BOOTSTRAP_PEERS)
      .map(({ peer }, index) => `/ip4/127.0.0.1/tcp/${ports[index]}/p2p/${peer}`)
    for (const [index, peer] of peers.entries()) {
      const others = bootstrap.filter(address => !address.endsWith(peer.peer))
      this.#startPeer(peer, joinArguments({ ...this.#init, peer, bootstrap: others, port: ports[index] ?? 0 }))
    }
  }

  #startPeer(peer: LocalPeer, args: readonly string[]): void {
    const child = new Child({
      program: PROGRAM,
      args: [...args, '--json', '--parent-stdin'],
      nodeFlags: PEER_NODE_FLAGS,
      environment: PEER_ENVIRONMENT,
      logFile: peerLog(peer),
      onMessage: message => {
        if (isNodeEvent(message)) this.#onEvent(peer, message)
      },
    })
    this.#children.set(peer.peer, child)
    child.ended.then(
      end => this.#onEnd(peer, end),
      error => this.#allFinished.reject(error),
    )
  }

  #onEvent({ peer }: LocalPeer, event: NodeEvent): void {
    const { bus } = this.#init
    switch (event.event) {
      case 'run.finished':
        this.#finished.add(peer)
        this.#settle()
        return
      case 'start.phase': {
        const ended = this.#phases.ended(event, event.timeMs)
        if (ended !== null) bus.emit('start.phase', ended)
        return
      }
      case 'place':
        // Its status tells it; of all that come and go `seat` and `shortage` are told.
        return
      case 'peer.ready':
        this.#stageOf.set(peer, event.stage)
        break
      case 'traffic':
        for (const [kind, bytes] of Object.entries(event.sentBytes))
          this.#traffic[kind] = (this.#traffic[kind] ?? 0) + bytes
        break
      default:
        break
    }
    if (SHARED_EVENTS.has(event.event) && !this.#isNews({ ...event })) return
    if (event.event === 'round.certified') {
      const ended = this.#phases.certified(event.stage, event.timeMs)
      if (ended !== null) bus.emit('start.phase', ended)
    }
    bus.forward(event)
  }

  /** Only the first of equal reports counts; an older one comes from a peer that is behind. */
  #isNews(message: Record<string, unknown>): boolean {
    const { event, stage, round, to, by, heldOut } = message
    const key = `${String(event)}/${String(stage)}/${String(round ?? to)}/${String(by)}${tellingText(message)}${heldOut === null || heldOut === undefined ? '' : '/held-out'}`
    const [slot, text] = SLOTS[String(event)]?.(message) ?? [key, key]
    if (this.#shown.get(slot) === text) return false
    this.#shown.set(slot, text)
    if (this.#shown.size > MAX_SHOWN) this.#shown.delete(this.#shown.keys().next().value ?? '')
    return true
  }

  #onEnd(peer: LocalPeer, end: ChildEnd): void {
    this.#children.delete(peer.peer)
    if (!this.#stopping) {
      const stage = this.#stageOf.get(peer.peer) ?? -1
      const exitCode = end.code ?? -1
      this.#init.bus.emit('peer.stopped', { peer: peer.peer, stage, reason: lastWords(end).reason, exitCode })
      if (this.#children.size === 0)
        this.fail(childFailure(`every peer ended; the last one, ${peer.peer},`, end, peerLog(peer)))
    }
    this.#settle()
  }

  #settle(): void {
    const running = [...this.#children.keys()]
    if (running.length > 0 && running.every(peer => this.#finished.has(peer))) this.#allFinished.resolve()
  }
}
