/**
 * The processes of a simulated swarm: the embedded chain and one `swarm-node join` a peer, each reached by the others
 * through its proxy only. Decides nothing: faults start, stop and freeze them through this.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EventBus } from '../../node/events/bus.ts'
import { isNodeEvent, type NodeEvent } from '../../node/events/types.ts'
import { wallClockMs } from '../../node/events/wall-clock.ts'
import { type LocalChain, startChain } from '../../node/local/chain.ts'
import { Child, type ChildEnd } from '../../node/local/child.ts'
import { lastWords } from '../../node/local/failure.ts'
import { freePorts } from '../../node/local/ports.ts'
import { joinArguments, PEER_ENVIRONMENT, PEER_NODE_FLAGS, PROGRAM, peerLog } from '../../node/local/programs.ts'
import { bondLocalPeers, type LocalPeer, prepareKeys } from '../../node/local/setup.ts'
import { Membership } from '../../node/peer/membership.ts'
import { openChain } from '../../node/run/chain.ts'
import { STAKE_ASSET, STAKE_FLOOR } from '../../node/run/defaults.ts'
import { type Run, type SwarmFolder, swarmFolder } from '../../node/run/folder.ts'
import type { ConcreteScenario } from '../scenario/types.ts'
import { PEER_VARIABLE, PORTS_VARIABLE } from './greeting.ts'
import { Guard } from './guard.ts'
import { CHAIN, type Links } from './links.ts'
import { manifestOf } from './manifest.ts'
import { TcpProxy } from './proxy.ts'

/** For flushing journals and snapshots. */
const STOP_GRACE_MS = 15_000
/** For a process to load, dial, catch up and open a round, on a busy machine. */
const START_MS = 60_000
/** Peers that the others start from. */
const BOOTSTRAP_PEERS = 2
const PRELOAD = fileURLToPath(new URL('./preload.ts', import.meta.url))

export interface MachinesInit {
  readonly scenario: ConcreteScenario
  readonly folder: string
  readonly links: Links
  /** Path and first arguments of an attacker's program; null: the shipped one. */
  readonly programOf: (peer: number) => readonly string[] | null
  readonly onEvent: (peer: number, event: NodeEvent) => void
  /** Another JSON line than an event of the product. */
  readonly onOther: (peer: number, message: Record<string, unknown>) => void
  /** `wanted`: a fault ended it; else it ended by itself. */
  readonly onEnd: (peer: number, end: ChildEnd, wanted: boolean) => void
  readonly signal: AbortSignal
}

export interface SeatedPeer extends LocalPeer {
  readonly stage: number
}

export class Machines {
  readonly folder: SwarmFolder
  readonly run: Run
  /** In the order in which they were dealt to the stages. */
  readonly peers: readonly SeatedPeer[]
  readonly #init: MachinesInit
  readonly #ports: readonly number[]
  readonly #proxies: readonly TcpProxy[]
  readonly #chainProxy: TcpProxy
  readonly #guard = new Guard()
  readonly #children = new Map<number, Child>()
  /** Started, and not in a round yet. */
  readonly #starting = new Map<number, PromiseWithResolvers<void>>()
  /** Ended, or to be ended, by a fault. */
  readonly #wanted = new Set<Child>()
  #chain: LocalChain

  private constructor(
    init: MachinesInit,
    made: Pick<Machines, 'folder' | 'run' | 'peers'>,
    chain: LocalChain,
    network: { ports: readonly number[]; proxies: readonly TcpProxy[]; chainProxy: TcpProxy },
  ) {
    this.#init = init
    this.folder = made.folder
    this.run = made.run
    this.peers = made.peers
    this.#chain = chain
    this.#ports = network.ports
    this.#proxies = network.proxies
    this.#chainProxy = network.chainProxy
    this.#guard.watch(chain.child.pid)
  }

  /** Keys, chain, stakes, manifest, bonds and proxies; no peer runs yet. */
  static async create(init: MachinesInit): Promise<Machines> {
    const { scenario, links, signal } = init
    const { stages, replicas } = scenario.swarm
    const folder = swarmFolder(init.folder)
    mkdirSync(folder.root, { recursive: true })
    const { peers, freezers } = await prepareKeys(folder, stages * replicas)
    const chain = await startChain(folder, { port: 0, bus: new EventBus(wallClockMs), signal })
    try {
      const { run, started } = await bondLocalPeers({
        url: chain.url,
        folder,
        peers,
        freezers,
        stake: BigInt(STAKE_FLOOR),
        asset: STAKE_ASSET,
        manifest: await manifestOf(scenario),
        signal,
      })
      await started
      const seated = await inOrderOfTheDeal(run, peers, chain.url, signal)
      const ports = await freePorts(peers.length)
      const proxies = await Promise.all(
        ports.map((targetPort, target) => TcpProxy.listen({ target, targetPort, links })),
      )
      const chainPort = Number(new URL(chain.url).port)
      const chainProxy = await TcpProxy.listen({ target: CHAIN, targetPort: chainPort, links })
      return new Machines(init, { folder, run, peers: seated }, chain, { ports, proxies, chainProxy })
    } catch (error) {
      await chain.stop()
      throw error
    }
  }

  /** The chain itself, past its proxy: for whoever looks on. */
  get chainUrl(): string {
    return this.#chain.url
  }

  isRunning(peer: number): boolean {
    return this.#children.has(peer)
  }

  /** Where a copy of a peer's folder is kept. */
  copyFolder(peer: number): string {
    return join(this.folder.root, 'copies', String(peer))
  }

  start(peer: number): void {
    const local = this.peers[peer]
    if (local === undefined || this.#children.has(peer)) throw new RangeError(`peer ${peer} cannot be started`)
    const { onEvent, onOther, programOf } = this.#init
    const [program = PROGRAM, ...programArguments] = programOf(peer) ?? []
    const child = new Child({
      program,
      args: [...programArguments, ...this.#arguments(peer, local)],
      nodeFlags: [...PEER_NODE_FLAGS, '--import', PRELOAD],
      environment: {
        ...PEER_ENVIRONMENT,
        [PEER_VARIABLE]: String(peer),
        [PORTS_VARIABLE]: [this.#chainProxy, ...this.#proxies].map(({ port }) => port).join(),
      },
      logFile: peerLog(local),
      onMessage: message => {
        if (message.event === 'round.started') this.#hasStarted(peer)
        if (isNodeEvent(message)) onEvent(peer, message as NodeEvent)
        else onOther(peer, message)
      },
    })
    this.#children.set(peer, child)
    this.#guard.watch(child.pid)
    this.#starting.set(peer, Promise.withResolvers())
    child.ended.then(
      end => this.#onEnd(peer, child, end),
      error => this.#onEnd(peer, child, { code: null, signal: null, errorText: String(error) }),
    )
  }

  /** Resolves when every peer that runs has come as far as a round, or after a while: some may wait for what a fault keeps away. */
  async started(): Promise<void> {
    const patience = Promise.withResolvers<void>()
    const timer = setTimeout(() => patience.resolve(), START_MS)
    await Promise.race([patience.promise, Promise.all([...this.#starting.values()].map(({ promise }) => promise))])
    clearTimeout(timer)
  }

  #hasStarted(peer: number): void {
    this.#starting.get(peer)?.resolve()
    this.#starting.delete(peer)
  }

  /** SIGKILL; resolves once it is gone. A frozen process dies too. */
  async kill(peer: number): Promise<void> {
    const child = this.#children.get(peer)
    if (child === undefined) return
    this.#wanted.add(child)
    child.kill('SIGKILL')
    await child.ended
  }

  /** As Ctrl-C does: it flushes. */
  async stop(peer: number): Promise<void> {
    const child = this.#children.get(peer)
    if (child === undefined) return
    this.#wanted.add(child)
    child.kill('SIGCONT')
    await child.stop(STOP_GRACE_MS)
  }

  /** SIGSTOP: the process does nothing, its connections stay. */
  freeze(peer: number): void {
    this.#children.get(peer)?.kill('SIGSTOP')
  }

  thaw(peer: number): void {
    this.#children.get(peer)?.kill('SIGCONT')
  }

  freezeChain(): void {
    this.#chain.signal('SIGSTOP')
  }

  thawChain(): void {
    this.#chain.signal('SIGCONT')
  }

  async killChain(): Promise<void> {
    this.#chain.child.kill('SIGKILL')
    await this.#chain.child.ended
  }

  /** On the port that it had. */
  async startChain(): Promise<void> {
    const port = Number(new URL(this.#chain.url).port)
    this.#chain = await startChain(this.folder, { port, bus: new EventBus(wallClockMs) })
    this.#guard.watch(this.#chain.child.pid)
  }

  /** Every connection of this peer, or of the chain, is reset. */
  resetConnections(target: number): void {
    const proxy = target === CHAIN ? this.#chainProxy : this.#proxies[target]
    proxy?.reset()
  }

  stopPeers(): Promise<unknown> {
    return Promise.all([...this.#children.keys()].map(peer => this.stop(peer)))
  }

  /** Ends everything, whatever state it is in. */
  async stopAll(): Promise<void> {
    await this.stopPeers()
    this.thawChain()
    await this.#chain.stop()
    await Promise.all([this.#chainProxy, ...this.#proxies].map(proxy => proxy.close()))
    await this.#guard.close()
  }

  /** In one line, for a verdict. */
  lastWords(end: ChildEnd): string {
    return lastWords(end).reason
  }

  #arguments(peer: number, local: LocalPeer): readonly string[] {
    const others = this.peers.map((_, index) => index).filter(index => index !== peer)
    const bootstrap = others
      .slice(0, BOOTSTRAP_PEERS)
      .map(other => `${this.#address(other)}/p2p/${this.peers[other]?.peer}`)
    return [
      ...joinArguments({
        folder: this.folder,
        peer: local,
        chainUrl: `ws://127.0.0.1:${this.#chainProxy.port}`,
        bootstrap,
        port: this.#ports[peer] ?? 0,
        corpus: 'moby-dick',
        threads: 1,
        untilRound: null,
      }),
      ...['--announce', this.#address(peer)],
      '--json',
      '--parent-stdin',
    ]
  }

  #address(peer: number): string {
    return `/ip4/127.0.0.1/tcp/${this.#proxies[peer]?.port}`
  }

  #onEnd(peer: number, child: Child, end: ChildEnd): void {
    if (this.#children.get(peer) === child) {
      this.#children.delete(peer)
      this.#hasStarted(peer)
    }
    this.#init.onEnd(peer, end, this.#wanted.delete(child))
  }
}

/** A scenario's peer i is the i-th that the beacon dealt, as in the other tiers: it sits in stage i modulo their number. */
async function inOrderOfTheDeal(
  run: Run,
  peers: readonly LocalPeer[],
  url: string,
  signal: AbortSignal,
): Promise<readonly SeatedPeer[]> {
  const chain = await openChain({ url, account: null, manifest: run.manifest, signal })
  try {
    const { stageOf } = (await Membership.load(chain, run, signal)).first
    return [...stageOf].map(([name, stage]) => {
      const local = peers.find(({ peer }) => peer === name)
      if (local === undefined) throw new Error(`${name} has a seat and no folder`)
      return { ...local, stage }
    })
  } finally {
    await chain.close()
  }
}
