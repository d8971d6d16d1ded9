/**
 * A real swarm in a temporary folder: the embedded chain and `join` processes over real TCP, with a tiny model. What the
 * peers say is collected; a test waits for events, never for time.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EventBus } from '../../../node/events/bus.ts'
import { type EventName, isNodeEvent, type NodeEvent } from '../../../node/events/types.ts'
import { wallClockMs } from '../../../node/events/wall-clock.ts'
import { type LocalChain, startChain } from '../../../node/local/chain.ts'
import { Child, type ChildEnd } from '../../../node/local/child.ts'
import { freePorts } from '../../../node/local/ports.ts'
import { joinArguments, PROGRAM, peerLog } from '../../../node/local/programs.ts'
import { bondLocalPeers, type LocalPeer, prepareKeys } from '../../../node/local/setup.ts'
import { STAKE_ASSET } from '../../../node/run/defaults.ts'
import {
  ACCOUNT_FILE,
  IDENTITY_FILE,
  manifestPath,
  type Run,
  type SwarmFolder,
  swarmFolder,
} from '../../../node/run/folder.ts'
import type { PeerName } from '../../../protocols/wire/messages.ts'
import { EventLog, type Heard } from './event-log.ts'
import { trackPid } from './leftovers.ts'
import { type TinyRun, tinyManifest } from './manifest.ts'
import { type Ended, type Program, startProgram } from './program.ts'
import { Roles } from './roles.ts'

const STAKE = 1_000n
/** For flushing journals and snapshots. */
const STOP_GRACE_MS = 10_000
/** Where blocks come every second the bonds may take some, and more of them more. */
const FAST_MARGIN_BLOCKS = 6
/** Generous: the machine may be busy. */
const PATIENCE_MS = 120_000
const EXPLAINED_EVENTS = 8
const EXPLAINED_LOG_LINES = 6

export interface StartOptions {
  /** Indices of the peers to start from; none: stored addresses only. */
  readonly bootstrap?: readonly number[]
  /** Another program that takes the arguments of `swarm-node`, such as a liar. */
  readonly program?: string
  /** Before those of `swarm-node`. */
  readonly programArguments?: readonly string[]
  readonly untilRound?: number
  readonly keepRounds?: number
  /** Tells the peer the run's id only. */
  readonly byId?: boolean
  /** False: nobody's child; it goes on when this process ends. */
  readonly hasParent?: boolean
}

export interface WaitOptions {
  /** Only events after this `mark`. */
  readonly since?: number
  readonly timeoutMs?: number
}

export class Swarm {
  readonly folder: SwarmFolder
  readonly run: Run
  readonly peers: LocalPeer[]
  readonly chainUrl: string
  /** Who does what, as the chain says. */
  readonly roles: Roles
  readonly log = new EventLog()
  readonly #chain: LocalChain
  readonly #ports: number[]
  readonly #children = new Map<number, Child>()
  /** Ended because the test wanted it. */
  readonly #killed = new Set<Child>()

  private constructor(
    init: Pick<Swarm, 'folder' | 'run' | 'peers' | 'chainUrl' | 'roles'>,
    chain: LocalChain,
    ports: number[],
  ) {
    this.folder = init.folder
    this.run = init.run
    this.peers = init.peers
    this.chainUrl = init.chainUrl
    this.roles = init.roles
    this.#chain = chain
    this.#ports = ports
  }

  /** Keys, chain, stakes, manifest and bonds; no peer runs yet. */
  static async create(tiny: TinyRun = {}): Promise<Swarm> {
    const folder = swarmFolder(mkdtempSync(join(tmpdir(), 'swarm-e2e-')))
    const makeManifest = await tinyManifest(tiny)
    const seats = (tiny.stages ?? 2) * (tiny.replicas ?? 4) + (tiny.surplus ?? 0)
    const { peers, freezers } = await prepareKeys(folder, seats + (tiny.spares ?? 0))
    const chain = await startChain(folder, {
      port: 0,
      bus: new EventBus(wallClockMs),
      emptyBlockMs: tiny.emptyBlockMs,
    })
    const { child, url } = chain
    trackPid(child.pid, child.ended)
    try {
      const { run, started } = await bondLocalPeers({
        url,
        folder,
        peers: peers.slice(0, seats),
        staked: peers.slice(seats),
        ...(tiny.emptyBlockMs === undefined ? {} : { marginBlocks: FAST_MARGIN_BLOCKS + peers.length }),
        freezers,
        stake: STAKE,
        asset: STAKE_ASSET,
        manifest: makeManifest,
        signal: AbortSignal.timeout(PATIENCE_MS),
      })
      await started
      const roles = await Roles.load(run, url, AbortSignal.timeout(PATIENCE_MS))
      return new Swarm({ folder, run, peers, chainUrl: url, roles }, chain, await freePorts(peers.length))
    } catch (error) {
      await child.stop(STOP_GRACE_MS)
      throw error
    }
  }

  /** Starts peers in the given order, each with its port; the first two are the bootstrap addresses unless told. */
  start(peers: readonly number[] = this.indices(), options: StartOptions = {}): void {
    for (const index of peers) this.#start(index, options)
  }

  /** Starts all peers and waits until each is on the network and every stage has certified a round. */
  async startAndTrain(options: StartOptions = {}): Promise<void> {
    this.start(undefined, options)
    await this.until(() => this.indices().every(index => this.isReady(index)), 'every peer to be ready')
    await this.certified(1)
  }

  /**
   * Another machine with the key of a peer, which is started like any other; returns its index.
   * @param withData - it has a copy of the whole folder; else of what names the peer
   */
  async double(index: number, { withData }: { readonly withData: boolean }): Promise<number> {
    const of = this.peers[index]
    if (of === undefined) throw new Error(`there is no peer ${index}`)
    const folder = this.folder.peer(this.peers.length)
    const named = [IDENTITY_FILE, ACCOUNT_FILE]
    if (withData) cpSync(of.folder, folder, { recursive: true })
    else mkdirSync(folder, { mode: 0o700 })
    if (!withData) for (const file of named) cpSync(join(of.folder, file), join(folder, file))
    this.peers.push({ ...of, folder })
    this.#ports.push(...(await freePorts(1)))
    return this.peers.length - 1
  }

  kill(index: number, signal: NodeJS.Signals = 'SIGKILL'): Promise<ChildEnd> {
    const child = this.#child(index)
    this.#killed.add(child)
    child.kill(signal)
    return child.ended
  }

  /** Stops the chain's process where it stands (`SIGSTOP`), and lets it go on (`SIGCONT`). */
  signalChain(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#chain.signal(signal)
  }

  /** Resolves when it ends by itself, which it may from now on. */
  endsByItself(index: number): Promise<ChildEnd> {
    const child = this.#child(index)
    this.#killed.add(child)
    return child.ended
  }

  /** Asks it to end, as Ctrl-C does. */
  stop(index: number): Promise<ChildEnd> {
    const child = this.#child(index)
    this.#killed.add(child)
    return child.stop(STOP_GRACE_MS)
  }

  isRunning(index: number): boolean {
    return this.#children.has(index)
  }

  /** Ends everything, and removes the folder. Always call it, in `afterEach` or `after`. */
  async stopAll({ keepFolder = false } = {}): Promise<void> {
    await Promise.all([...this.#children.keys()].map(index => this.stop(index)))
    await this.roles.close()
    await this.#chain.stop()
    if (!keepFolder && process.env.SWARM_KEEP === undefined) rmSync(this.folder.root, { recursive: true, force: true })
  }

  /** Resolves with the first event of this name that fits. */
  waitFor<Name extends EventName>(
    name: Name,
    fits: (event: Extract<Heard, { event: Name }>) => boolean,
    what: string,
    { since = 0, timeoutMs = PATIENCE_MS }: WaitOptions = {},
  ): Promise<Extract<Heard, { event: Name }>> {
    return this.until(() => this.log.of(name, { since }).find(fits), what, timeoutMs)
  }

  /** Resolves with the first value of `look` that is neither undefined nor false; it is asked after every event. */
  until<Value>(look: () => Value | undefined | false, what: string, timeoutMs = PATIENCE_MS): Promise<Value> {
    return this.log.until(look, what, timeoutMs, () => this.explain())
  }

  /** Waits until every stage has certified this round. */
  async certified(round: number, timeoutMs = PATIENCE_MS): Promise<void> {
    await this.until(() => this.certifiedRound() >= round, `round ${round} of every stage`, timeoutMs)
  }

  /** The highest round that every stage has certified. */
  certifiedRound(): number {
    return Math.min(...this.stages().map(stage => this.certifiedOf(stage)))
  }

  certifiedOf(stage: number, since = 0): number {
    const events = this.log.of('round.certified', { since }).filter(event => event.stage === stage)
    return Math.max(0, ...events.map(event => event.round))
  }

  /** The last round that this peer took part in to its certificate; 0 where none. */
  certifiedBy(index: number, since = 0): number {
    return Math.max(0, ...this.log.of('round.certified', { by: index, since }).map(event => event.round))
  }

  isReady(index: number): boolean {
    return this.log.of('peer.ready', { by: index }).length > 0
  }

  /** The stage that the chain dealt to it in epoch 0; -1 where it had no bond then. */
  stageOf(index: number): number {
    return this.roles.stageOf(this.peers[index]?.peer ?? '') ?? -1
  }

  /** Indices of a stage's replicas. */
  replicasOf(stage: number): number[] {
    return this.indices().filter(index => this.stageOf(index) === stage)
  }

  /** Of all peers that bonded before the start, whether they run or not. */
  indices(): number[] {
    const { stages, replicas } = this.run.manifest
    return Array.from({ length: stages * replicas }, (_, index) => index)
  }

  /** Of those that bond later, if at all. */
  spares(): number[] {
    return this.peers.map((_, index) => index).slice(this.indices().length)
  }

  /** Runs `swarm-node <verb>` for a peer's folder. */
  command(verb: 'bond' | 'leave' | 'pause' | 'status', index: number, args: readonly string[] = []): Promise<Ended> {
    return this.startCommand(verb, index, args).ended
  }

  startCommand(verb: 'bond' | 'leave' | 'pause' | 'status', index: number, args: readonly string[] = []): Program {
    const { folder } = this.peers[index] ?? { folder: '' }
    const bond = verb === 'bond' ? ['--run', manifestPath(this.folder.root), '--chain', this.chainUrl] : []
    return startProgram([verb, '--data', folder, ...bond, ...args, '--json'])
  }

  stages(): number[] {
    return Array.from({ length: this.run.manifest.stages }, (_, stage) => stage)
  }

  /** Who led the newest certified round of a stage. */
  leaderOf(stage: number): number {
    const leader = this.log.of('round.certified').findLast(event => event.stage === stage)?.leader
    return this.indexOf(leader ?? '')
  }

  indexOf(peer: PeerName): number {
    const index = this.peers.findIndex(one => one.peer === peer)
    if (index < 0) throw new Error(`'${peer}' is no peer of this swarm`)
    return index
  }

  address(index: number): string {
    return `/ip4/127.0.0.1/tcp/${this.#ports[index]}/p2p/${this.peers[index]?.peer}`
  }

  /** Where everybody is, for an error. */
  explain(): string {
    return this.peers
      .map((peer, index) => {
        const state = this.#children.has(index) ? 'runs' : 'does not run'
        const events = this.log.last(index, EXPLAINED_EVENTS).map(event => `    ${JSON.stringify(event)}`)
        const lines = existsSync(peerLog(peer)) ? readFileSync(peerLog(peer), 'utf8').trimEnd().split('\n') : []
        const errors = lines.slice(-EXPLAINED_LOG_LINES).map(line => `    | ${line}`)
        return [`  peer ${index} ${peer.peer} ${state}`, ...events, ...errors].join('\n')
      })
      .join('\n')
  }

  #start(index: number, options: StartOptions): void {
    const peer = this.peers[index]
    if (peer === undefined || this.#children.has(index)) throw new Error(`peer ${index} cannot be started`)
    const bootstrap = (options.bootstrap ?? [0, 1]).filter(other => other !== index)
    const args = joinArguments({
      folder: this.folder,
      ...(options.byId === true ? { run: this.run.id } : {}),
      peer,
      chainUrl: this.chainUrl,
      bootstrap: bootstrap.map(other => this.address(other)),
      port: this.#ports[index] ?? 0,
      corpus: 'moby-dick',
      threads: 1,
      untilRound: options.untilRound ?? null,
      ...(options.keepRounds === undefined ? {} : { keepRounds: options.keepRounds }),
    })
    const child = new Child({
      program: options.program ?? PROGRAM,
      args: [
        ...(options.programArguments ?? []),
        ...args,
        '--json',
        ...(options.hasParent === false ? [] : ['--parent-stdin']),
      ],
      logFile: peerLog(peer),
      onMessage: message => {
        if (isNodeEvent(message)) this.log.add(index, message as NodeEvent)
      },
    })
    this.#children.set(index, child)
    trackPid(child.pid, child.ended)
    child.ended.then(
      end => this.#onEnd(index, child, end),
      error => this.log.fail(error),
    )
  }

  #onEnd(index: number, child: Child, { code, signal, errorText }: ChildEnd): void {
    if (this.#children.get(index) === child) this.#children.delete(index)
    if (this.#killed.has(child)) this.log.changed()
    else this.log.fail(new Error(`peer ${index} ended by itself (${signal ?? `code ${code}`}): ${errorText}`))
  }

  #child(index: number): Child {
    const child = this.#children.get(index)
    if (child === undefined) throw new Error(`peer ${index} does not run`)
    return child
  }
}
