/** Who has which part in a round: what every peer computes from the chain, computed here before it happens. */
import type { Chain } from '../../../consensus/chain/types.ts'
import { partitionCandidates, ROLES, rankByStake } from '../../../consensus/election/index.ts'
import { Membership } from '../../../node/peer/membership.ts'
import { openChain } from '../../../node/run/chain.ts'
import type { Run } from '../../../node/run/folder.ts'
import { PROTOCOL_VERSION } from '../../../protocols/wire/constants.ts'
import type { PeerName, Scope } from '../../../protocols/wire/messages.ts'

export interface RoundOfStage {
  readonly stage: number
  readonly round: number
  readonly epoch: number
}

export class Roles {
  readonly #chain: Chain
  readonly #run: Run
  readonly #membership: Membership

  private constructor(chain: Chain, run: Run, membership: Membership) {
    this.#chain = chain
    this.#run = run
    this.#membership = membership
  }

  static async load(run: Run, chainUrl: string, signal: AbortSignal): Promise<Roles> {
    const chain = await openChain({ url: chainUrl, account: null, manifest: run.manifest, signal })
    return new Roles(chain, run, await Membership.load(chain, run, signal))
  }

  close(): Promise<void> {
    return this.#chain.close()
  }

  /** In epoch 0, sorted. */
  seats(stage: number): readonly PeerName[] {
    const { stageOf } = this.#membership.first
    return [...stageOf.keys()].filter(peer => stageOf.get(peer) === stage).sort()
  }

  /** In epoch 0; null for a peer that had no seat then. */
  stageOf(peer: PeerName): number | null {
    return this.#membership.first.stageOf.get(peer) ?? null
  }

  /** What the signatures of this round cover. */
  async scope({ stage, round, epoch }: RoundOfStage, signal: AbortSignal): Promise<Scope> {
    const { groups } = await this.#membership.epoch(epoch, signal)
    const { id: run, manifest } = this.#run
    const group = groups[stage]
    if (group === undefined) throw new RangeError(`no stage ${stage}`)
    return { version: PROTOCOL_VERSION, genesis: manifest.chain.genesis, run, epoch, group: group.hash, stage, round }
  }

  /** Proposer of the round's first view. */
  async leader({ stage, round, epoch }: RoundOfStage, signal: AbortSignal): Promise<PeerName> {
    const { beacon, groups } = await this.#membership.epoch(epoch, signal)
    const draw = { beacon, run: this.#run.id, stage, round, role: ROLES.proposer }
    const ranking = rankByStake(draw, groups[stage]?.seats ?? [], BigInt(this.#run.manifest.stake.cap))
    return first(ranking)
  }

  /** Who aggregates a partition unless it fails. */
  async firstCandidate(
    { stage, round, epoch }: RoundOfStage,
    partition: number,
    signal: AbortSignal,
  ): Promise<PeerName> {
    const { beacon, groups } = await this.#membership.epoch(epoch, signal)
    const group = groups[stage]
    if (group === undefined) throw new RangeError(`no stage ${stage}`)
    return first(partitionCandidates({ beacon, run: this.#run.id, stage, round }, group, partition))
  }
}

function first(peers: readonly PeerName[]): PeerName {
  const peer = peers[0]
  if (peer === undefined) throw new Error('nobody has this part')
  return peer
}
