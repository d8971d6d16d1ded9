/** A tiny swarm of 2 stages of 4 replicas in which at most one replica a stage lies. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Evidence, PeerName } from '../../../protocols/wire/messages.ts'
import type { RefusalReason } from '../../../protocols/wire/refusals.ts'
import { LIAR_PROGRAM } from '../../../simulations/tier2/liars/index.ts'
import { Swarm, type TinyRun } from '../harness/index.ts'

export type Liar =
  | 'nan'
  | 'huge'
  | 'sign-flip'
  | 'tampering'
  | 'shapes'
  | 'double-commit'
  | 'double-vote'
  | 'wrong-forward'
  | 'wrong-backward'

export class LyingSwarm {
  readonly swarm: Swarm
  /** Of each stage, the index of the peer that lies where one does. */
  readonly #liars: readonly number[]

  private constructor(swarm: Swarm) {
    this.swarm = swarm
    this.#liars = swarm.stages().map(stage => swarm.replicasOf(stage).at(-1) ?? -1)
  }

  /** Starts the peers that never lie; the swarm is complete with `enter`. */
  static async start(run: TinyRun = {}): Promise<LyingSwarm> {
    const lying = new LyingSwarm(await Swarm.create(run))
    lying.swarm.start(lying.honest())
    return lying
  }

  /** Of each stage one more peer, its liar; null: it is honest. Those that were there before go. */
  async enter(liars: readonly (Liar | null)[]): Promise<void> {
    for (const [stage, index] of this.#liars.entries()) {
      const liar = liars[stage] ?? null
      if (this.swarm.isRunning(index)) await this.swarm.stop(index)
      this.swarm.start([index], liar === null ? {} : { program: LIAR_PROGRAM, programArguments: [liar] })
    }
  }

  /** Indices of the peers that never lie. */
  honest(): number[] {
    return this.swarm.indices().filter(index => !this.#liars.includes(index))
  }

  isHonest(index: number): boolean {
    return !this.#liars.includes(index)
  }

  /** Waits until every honest peer has gone through this round. */
  async certified(round: number): Promise<void> {
    const { swarm } = this
    const isThere = () => this.honest().every(index => swarm.certifiedBy(index) >= round)
    await swarm.until(isThere, `round ${round} of every honest peer`)
  }

  /** The name of a stage's liar. */
  liar(stage: number): string {
    return this.swarm.peers[this.#liars[stage] ?? -1]?.peer ?? ''
  }

  /** Commitments sealed in each round of a stage since this mark, as its honest replicas saw it. */
  sealed(stage: number, since: number): number[] {
    return this.swarm.log
      .of('round.certified', { since })
      .filter(event => event.stage === stage && this.isHonest(event.peerIndex))
      .map(event => event.commits)
  }

  /** Whom honest peers refused since this mark, and why. */
  refusals(since: number): { readonly reason: RefusalReason; readonly peer: PeerName }[] {
    return this.swarm.log.of('refused', { since }).filter(({ peerIndex }) => this.isHonest(peerIndex))
  }

  /** Evidence in the data folder of a peer. */
  proofsOf(index: number): Evidence[] {
    const lines = readFileSync(join(this.swarm.folder.peer(index), 'evidence.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
    return lines.map(line => {
      const { kind, accused, envelopes } = JSON.parse(line)
      const [first, second] = envelopes.map((envelope: string) => new Uint8Array(Buffer.from(envelope, 'base64')))
      return { kind, accused, envelopes: [first, second] }
    })
  }

  stop(): Promise<void> {
    return this.swarm.stopAll()
  }
}
