/**
 * The processes of a local swarm. The parent starts them, passes their events on and stops them; it decides nothing that
 * the peers do, and they go on without it until their standard input closes.
 */
import { mkdirSync } from 'node:fs'
import { ExitError, exitNameOf } from '../cli/exit.ts'
import type { EventBus } from '../events/bus.ts'
import { type EventName, isNodeEvent } from '../events/types.ts'
import type { SwarmFolder } from '../run/folder.ts'
import { Child, type ChildEnd } from './child.ts'
import { freePorts } from './ports.ts'
import { chainArguments, chainLog, type JoinCommand, joinArguments, PROGRAM, peerLog } from './programs.ts'
import type { LocalPeer } from './setup.ts'

/** Peers that the others start from. */
const BOOTSTRAP_PEERS = 2
/** For flushing journals and snapshots. */
const STOP_GRACE_MS = 15_000

export async function startChain(
  folder: SwarmFolder,
  port: number,
  bus: EventBus,
): Promise<{ child: Child; url: string }> {
  mkdirSync(folder.chain, { recursive: true })
  const ready = Promise.withResolvers<string>()
  const child = new Child({
    program: PROGRAM,
    args: [...chainArguments(folder, port), '--parent-stdin'],
    logFile: chainLog(folder),
    onMessage: message => {
      if (message.event !== 'chain.ready' || typeof message.url !== 'string') return
      bus.emit('chain.ready', { url: message.url, genesis: String(message.genesis) })
      ready.resolve(message.url)
    },
  })
  const url = await Promise.race([
    ready.promise,
    child.ended.then(end => failed('the embedded chain', end, chainLog(folder))),
  ])
  return { child, url }
}

export interface SwarmInit extends Omit<JoinCommand, 'peer' | 'port' | 'bootstrap'> {
  readonly peers: readonly LocalPeer[]
  readonly bus: EventBus
}

/** Events that every peer of a stage, or every peer at all, raises alike: shown once. */
const SHARED_EVENTS: ReadonlySet<EventName> = new Set([
  'round.certified',
  'round.anchored',
  'loss',
  'waiting',
  'round.started',
])

export class LocalSwarm {
  readonly #init: SwarmInit
  readonly #children = new Map<string, Child>()
  readonly #shown = new Map<string, string>()
  readonly #finished = new Set<string>()
  readonly #allFinished = Promise.withResolvers<void>()
  readonly #stageOf = new Map<string, number>()
  readonly #traffic: Record<string, number> = {}
  #stopping = false

  constructor(init: SwarmInit) {
    this.#init = init
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
      logFile: peerLog(peer),
      onMessage: message => this.#onMessage(peer, message),
    })
    this.#children.set(peer.peer, child)
    child.ended.then(
      end => this.#onEnd(peer, end),
      error => this.#allFinished.reject(error),
    )
  }

  #onMessage({ peer }: LocalPeer, message: Record<string, unknown>): void {
    if (!isNodeEvent(message)) return
    if (message.event === 'run.finished') {
      this.#finished.add(peer)
      this.#settle()
      return
    }
    if (message.event === 'peer.ready') this.#stageOf.set(peer, message.stage)
    if (message.event === 'traffic') {
      for (const [kind, bytes] of Object.entries(message.sentBytes))
        this.#traffic[kind] = (this.#traffic[kind] ?? 0) + bytes
    }
    if (SHARED_EVENTS.has(message.event) && !this.#isNews(message)) return
    this.#init.bus.forward(message)
  }

  /** Only the first of equal reports counts; an older one comes from a peer that is behind. */
  #isNews(message: Record<string, unknown>): boolean {
    const { event, stage, round, to, heldOut } = message
    const key = `${String(event)}/${String(stage)}/${String(round ?? to)}${heldOut === null || heldOut === undefined ? '' : '/held-out'}`
    const text = event === 'waiting' ? String(message.for) : key
    const slot = event === 'waiting' ? `waiting/${String(stage)}` : key
    if (this.#shown.get(slot) === text) return false
    this.#shown.set(slot, text)
    if (this.#shown.size > MAX_SHOWN) this.#shown.delete(this.#shown.keys().next().value ?? '')
    return true
  }

  #onEnd(peer: LocalPeer, end: ChildEnd): void {
    this.#children.delete(peer.peer)
    const stage = this.#stageOf.get(peer.peer) ?? -1
    const reason = end.signal === null ? lastLine(end.errorText) : `signal ${end.signal}`
    if (!this.#stopping)
      this.#init.bus.emit('peer.stopped', { peer: peer.peer, stage, reason, exitCode: end.code ?? -1 })
    if (this.#children.size === 0 && !this.#stopping) {
      this.#allFinished.reject(failure(`every peer ended; the last one, ${peer.peer},`, end, peerLog(peer)))
    }
    this.#settle()
  }

  #settle(): void {
    const running = [...this.#children.keys()]
    if (running.length > 0 && running.every(peer => this.#finished.has(peer))) this.#allFinished.resolve()
  }
}

/** Keys of shared events remembered: a few hundred rounds of every stage. */
const MAX_SHOWN = 4096

function failed(who: string, end: ChildEnd, log: string): never {
  throw failure(who, end, log)
}

function failure(who: string, { code, signal, errorText }: ChildEnd, log: string): ExitError {
  const how = signal === null ? `ended with code ${code}` : `was killed by ${signal}`
  const said = errorText === '' ? '' : `: ${errorText.split('\n').slice(-3).join(' ')}`
  return new ExitError(exitNameOf(code) ?? 'internal', `${who} ${how}${said}`, `less ${log}`)
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
