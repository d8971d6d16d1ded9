/**
 * (f) The state follows from what was certified: the initial state, or a snapshot that has the certified full root, then
 * every aggregate through the kernels, compared with each certified root and each snapshot on the way.
 */
import type { Recovery } from '../../consensus/recovery/index.ts'
import { equalBytes, smallHash } from '../../protocols/wire/hash.ts'
import { merkleRoot } from '../../protocols/wire/merkle.ts'
import { EngineError } from '../engine/runtime/index.ts'
import type { StageEngine } from '../engine/runtime/types.ts'
import { snapshotState } from '../export/history.ts'
import type { Partitions, SnapshotHead } from '../journal/index.ts'
import { roundAfter } from '../peer/reformed.ts'
import { FIRST_ROUND } from '../run/state-chain.ts'
import type { FaultList } from './faults.ts'
import type { PeerFolder } from './folders.ts'
import { type FollowedChain, tipOf } from './hash-chain.ts'
import { certifiedIn, type StageHistory } from './history.ts'

export interface StateCheckInit {
  readonly folder: PeerFolder
  readonly engine: StageEngine
  /** The engine's initial state, as exported. */
  readonly initial: Uint8Array
  readonly history: StageHistory
  readonly chain: FollowedChain
  /** Of the stage. */
  readonly recoveries: readonly Recovery[]
  /** Rounds whose parameters are wanted, for the exported model. */
  readonly wanted: ReadonlySet<number>
  readonly captured: Map<number, Float32Array>
  readonly faults: FaultList
  readonly signal: AbortSignal
}

type Snapshot = SnapshotHead & { readonly bytes: number }

export interface StateExtent {
  /** Last round whose state was recomputed. */
  readonly toRound: number
  /** Certified full roots that the recomputed state was compared with. */
  readonly roots: number
}

/** Stops at the folder's first fault: what follows would only repeat it. */
export async function checkState(init: StateCheckInit): Promise<StateExtent> {
  const walk = new StateWalk(init)
  try {
    await walk.run()
  } catch (error) {
    // The engine refuses what cannot be a state or an aggregate of its stage.
    if (!(error instanceof EngineError)) throw error
    walk.fault(error.message)
  }
  return { toRound: walk.at, roots: walk.roots }
}

class StateWalk {
  readonly #init: StateCheckInit
  readonly #snapshots: readonly Snapshot[]
  /** Round of the engine's state. */
  at = FIRST_ROUND - 1
  roots = 0

  constructor(init: StateCheckInit) {
    this.#init = init
    this.#snapshots = [...init.folder.store.snapshots].sort((a, b) => a.round - b.round)
  }

  async run(): Promise<void> {
    const { engine, initial, signal, folder } = this.#init
    await engine.importState(initial, { signal })
    await this.#capture()
    for (;;) {
      signal.throwIfAborted()
      const round = roundAfter(this.at, this.#init.recoveries)
      const partitions = await folder.store.aggregates(round)
      const isNext = partitions !== undefined && this.#certified(round) !== undefined
      const jump = isNext ? undefined : this.#snapshots.find(head => head.round > this.at)
      if (!isNext && jump === undefined) return
      const holds = isNext ? await this.#replay(round, partitions) : await this.#jump(jump!)
      if (!holds) return
      await this.#capture()
    }
  }

  fault(what: string): false {
    const { folder, faults } = this.#init
    faults.add(`${folder.name}, stage ${folder.stage}, round ${this.at}`, what)
    return false
  }

  async #replay(round: number, partitions: Partitions): Promise<boolean> {
    const { engine, signal } = this.#init
    this.at = round
    if (partitions !== null) {
      const { accepted } = await engine.execute(round, partitions, false, { signal })
      if (!accepted) return this.fault('the certified aggregate cannot be applied')
      await engine.promote({ signal })
    }
    if (!(await this.#hasCertifiedRoot())) return this.fault('the recomputed state is not the certified one')
    const snapshot = this.#snapshots.find(head => head.round === round)
    return snapshot === undefined || (await this.#compare(snapshot))
  }

  /** Recomputed here, so the snapshot must be the same byte for byte. */
  async #compare(head: Snapshot): Promise<boolean> {
    const { engine, signal, folder } = this.#init
    const state = await snapshotState(folder.store, head)
    if (state === null || !equalBytes(state, await engine.exportState({ signal })))
      return this.fault('the snapshot is not the state that the certified aggregates lead to')
    return this.#checkHead(head)
  }

  /** Over rounds whose aggregates are no longer held: only a certified full root vouches for the snapshot. */
  async #jump(head: Snapshot): Promise<boolean> {
    const { engine, signal, folder } = this.#init
    this.at = head.round
    const state = await snapshotState(folder.store, head)
    if (state === null) return this.fault('the snapshot cannot be read')
    if (this.#certified(head.round)?.outcome.fullRoot == null)
      return this.fault('no certificate says what state the snapshot must have')
    await engine.importState(state, { signal })
    if (!(await this.#hasCertifiedRoot())) return this.fault('the snapshot is not the certified state')
    return this.#checkHead(head)
  }

  /** True also where the round's certificate carries no full root. */
  async #hasCertifiedRoot(): Promise<boolean> {
    const { engine, signal } = this.#init
    const fullRoot = this.#certified(this.at)?.outcome.fullRoot ?? null
    if (fullRoot === null) return true
    this.roots++
    return equalBytes(await engine.fullRoot({ signal }), fullRoot)
  }

  #checkHead({ round, link, state, fullRoot, leaves }: Snapshot): boolean {
    const tip = tipOf(this.#init.chain, round)
    if (tip === null || !equalBytes(link, tip.link) || !equalBytes(state, tip.state))
      return this.fault('the snapshot says that it belongs to another chain of certificates')
    if (fullRoot === null) return true
    const certified = this.#certified(round)?.outcome.fullRoot ?? null
    const isCertified = certified !== null && equalBytes(fullRoot, certified)
    if (!isCertified || !equalBytes(merkleRoot(leaves, smallHash), fullRoot))
      return this.fault('the snapshot names another full root than the certificate')
    return true
  }

  #certified(round: number) {
    return certifiedIn(this.#init.history, round)?.[0]
  }

  async #capture(): Promise<void> {
    const { wanted, captured, engine, signal } = this.#init
    if (wanted.has(this.at) && !captured.has(this.at)) captured.set(this.at, await engine.parameters({ signal }))
  }
}
