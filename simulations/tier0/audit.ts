/** Computes again what was certified, once a round and stage: the aggregate from the commitments, the pay from all stages. */
import { paidCounts } from '../../consensus/contribution/index.ts'
import type { VerifiedCertificate } from '../../protocols/wire/certificate.ts'
import { hashHex, isZeroHash, smallHash } from '../../protocols/wire/hash.ts'
import { merkleRoot } from '../../protocols/wire/merkle.ts'
import type { Commit, Hash, Signed } from '../../protocols/wire/messages.ts'
import { nativeHash } from './engine.ts'
import type { SimPeer } from './peer.ts'
import type { World } from './world.ts'

/** Rounds for which commitments of some stages wait for those of the others. */
const ROUNDS_KEPT = 64

export class Audit {
  readonly #world: World
  readonly #sealed = new Map<number, Map<number, readonly Signed<Commit>[]>>()

  constructor(world: World) {
    this.#world = world
  }

  recompute(peer: SimPeer, { outcome, commits }: VerifiedCertificate): void {
    if (isZeroHash(outcome.aggregateRoot)) return
    const { stage, index } = peer
    const { round } = outcome.scope
    const got = this.#root(peer, round, commits)
    const expected = hashHex(outcome.aggregateRoot)
    const atMs = this.#world.time.nowMs
    this.#world.recorder.emit({ type: 'recomputed', atMs, peer: index, stage, round, expected, got })
  }

  /** When the last stage has certified the round. */
  pay(stage: number, round: number, commits: readonly Signed<Commit>[]): void {
    const stages = this.#sealed.get(round) ?? new Map<number, readonly Signed<Commit>[]>()
    this.#sealed.set(round, stages.set(stage, commits))
    const oldest = this.#sealed.keys().next().value
    if (this.#sealed.size > ROUNDS_KEPT && oldest !== undefined) this.#sealed.delete(oldest)
    const count = this.#world.stages.length
    if (stages.size < count) return
    this.#sealed.delete(round)
    const counts = paidCounts([...stages.values()].flat(), count)
    const paid = Array<number>(count).fill(0)
    for (const peer of counts.values()) for (const [at, number] of peer.entries()) paid[at]! += number
    const started = new Set<string>()
    for (const { signer, payload } of stages.get(0) ?? [])
      for (const { source, sequence } of payload.trace) if (source === signer) started.add(`${source}/${sequence}`)
    this.#world.microBatchesSettled += started.size
    const atMs = this.#world.time.nowMs
    this.#world.recorder.emit({ type: 'paid', atMs, round, paid, distinct: started.size })
  }

  #root(peer: SimPeer, round: number, commits: readonly Signed<Commit>[]): string | null {
    const { bench } = this.#world
    const holders = [peer, ...peer.siblings]
    const hashes: Hash[] = []
    for (let partition = 0; partition < bench.partitions; partition++) {
      const inputs = commits.flatMap(({ signer: author, payload: { root } }) => {
        const id = { round, author, root, partition }
        for (const holder of holders) {
          const bytes = holder.holdings.partition(id)
          if (bytes !== null) return [bytes]
        }
        return []
      })
      const bytes = inputs.length < commits.length ? null : bench.aggregate(inputs)
      if (bytes === null) return null
      hashes.push(nativeHash(bytes))
    }
    return hashHex(merkleRoot(hashes, smallHash))
  }
}
