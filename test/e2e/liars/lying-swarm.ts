/** A tiny swarm of 2 stages of 4 replicas in which at most one replica a stage lies. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Evidence } from '../../../protocols/wire/messages.ts'
import { Swarm, type TinyRun } from '../harness/index.ts'

export type Liar =
  | 'nan'
  | 'huge'
  | 'sign-flip'
  | 'tampering'
  | 'shapes'
  | 'two-commits'
  | 'two-votes'
  | 'poisoned-forward'
  | 'poisoned-backward'

export class LyingSwarm {
  readonly swarm: Swarm
  /** Of each stage, the index of its liar; -1 where it has none. */
  readonly liars: readonly number[]

  private constructor(swarm: Swarm, liars: readonly number[]) {
    this.swarm = swarm
    this.liars = liars
  }

  /** Starts all peers; the liars lie from the first round on. @param liars - of each stage its liar, or null */
  static async start(liars: readonly (Liar | null)[], run: TinyRun = {}): Promise<LyingSwarm> {
    const swarm = await Swarm.create(run)
    const indices = liars.map((liar, stage) => (liar === null ? -1 : (swarm.replicasOf(stage).at(-1) ?? -1)))
    const lying = new LyingSwarm(swarm, indices)
    swarm.start(lying.honest())
    for (const [stage, liar] of liars.entries()) {
      const program = fileURLToPath(new URL(`./${liar}.ts`, import.meta.url))
      if (liar !== null) swarm.start([indices[stage]!], { program })
    }
    return lying
  }

  /** Indices of the peers that do not lie; of one stage, or of all. */
  honest(stage?: number): number[] {
    const { swarm } = this
    return swarm.indices().filter(index => {
      return !this.liars.includes(index) && (stage === undefined || swarm.stageOf(index) === stage)
    })
  }

  /** Waits until every honest peer has gone through this round. */
  async certified(round: number): Promise<void> {
    const { swarm } = this
    const behind = () => this.honest().filter(index => swarm.certifiedBy(index) < round)
    await swarm.until(() => behind().length === 0, `round ${round} of every honest peer`)
  }

  /** The name of a stage's liar. */
  liar(stage: number): string {
    return this.swarm.peers[this.liars[stage] ?? -1]?.peer ?? ''
  }

  /** Commitments sealed in each round of a stage from `from` on, as its honest replicas saw it. */
  sealed(stage: number, from: number): number[] {
    return this.swarm.log
      .of('round.certified')
      .filter(event => event.stage === stage && event.round >= from && !this.liars.includes(event.peerIndex))
      .map(event => event.commits)
  }

  /** Whom honest peers refused, and why. */
  refusals(): { reason: string; peer: string; by: number }[] {
    return this.swarm.log
      .of('refused')
      .filter(({ peerIndex }) => !this.liars.includes(peerIndex))
      .map(({ reason, peer, peerIndex }) => ({ reason, peer, by: peerIndex }))
  }

  /** Evidence in the data folder of a peer. */
  evidenceOf(index: number): Evidence[] {
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
