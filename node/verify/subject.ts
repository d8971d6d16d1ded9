/** What is verified, and what the checks have learnt of it so far: later ones build on earlier ones. */
import type { Chain, PostedAnchor } from '../../consensus/chain/types.ts'
import { anchorPages } from '../peer/anchor-pages.ts'
import { Membership } from '../peer/membership.ts'
import { leaveOrphans } from '../peer/restore.ts'
import type { Run } from '../run/folder.ts'
import { FaultList } from './faults.ts'
import type { OpenedFolders } from './folders.ts'
import type { FollowedChain } from './hash-chain.ts'
import { type History, readHistory } from './history.ts'
import type { ManifestFile } from './manifest.ts'
import { type ReadModels, readModels } from './model.ts'
import type { Extent } from './types.ts'

export interface SubjectInit {
  readonly data: string
  readonly run: Run
  readonly manifests: readonly ManifestFile[]
  readonly opened: OpenedFolders
  readonly chain: Chain
  readonly signal: AbortSignal
}

export class Subject {
  readonly init: SubjectInit
  readonly seatFaults = new FaultList()
  readonly signatureFaults = new FaultList()
  readonly models: ReadModels
  /** Set by the check of seats. */
  history: History | null = null
  membership: Membership | null = null
  /** Set by the check of the hash chain, one a stage. */
  chains: readonly FollowedChain[] = []
  #anchors: readonly PostedAnchor[] | null = null
  /** Set by the check of anchors. */
  final = 0
  /** Set by the check of the state: parameters of stages by stage, then by the round that an exported file names. */
  readonly captured = new Map<number, Map<number, Float32Array>>()

  constructor(init: SubjectInit) {
    this.init = init
    this.models = readModels(init.data)
  }

  /** Reads seats and certificates, once. */
  async load(): Promise<{ history: History; membership: Membership }> {
    const { chain, run, signal, opened } = this.init
    this.membership ??= await Membership.load(chain, run, signal)
    const head = await chain.finalizedHead({ signal })
    // Which stages were re-formed must be known before any of their rounds is judged.
    if (this.history === null) await this.membership.foresee(head.height, signal)
    for (const { stage, store } of opened.folders) {
      if (stage !== null) await leaveOrphans(store, stage, this.membership.recoveries(stage))
    }
    this.history ??= await readHistory({
      run,
      folders: opened.folders,
      chain,
      membership: this.membership,
      head,
      seats: this.seatFaults,
      signatures: this.signatureFaults,
      signal,
    })
    return { history: this.history, membership: this.membership }
  }

  /** All anchors of the run in finalised blocks; read once. */
  async anchors(): Promise<readonly PostedAnchor[]> {
    const { chain, run, signal } = this.init
    if (this.#anchors !== null) return this.#anchors
    const { height: toHeight } = await chain.finalizedHead({ signal })
    // Read before they are weighed: an anchor's author is one of those who sat there then.
    const { membership } = await this.load()
    await membership.foresee(toHeight, signal)
    const anchors: PostedAnchor[] = []
    for await (const page of anchorPages(
      chain,
      run.id,
      { afterHeight: run.manifest.chain.startHeight, toHeight },
      signal,
    ))
      anchors.push(...page)
    this.#anchors = anchors
    return anchors
  }

  get extent(): Extent {
    const newest = this.chains.map(({ tips }) => tips.at(-1)?.round ?? 0)
    return { certified: newest.length === 0 ? 0 : Math.min(...newest), final: this.final }
  }
}
