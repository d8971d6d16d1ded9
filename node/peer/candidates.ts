/** Who may aggregate which partition, for the rounds around the current one. */
import { partitionCandidates } from '../../consensus/election/index.ts'
import type { PeerName, Scope } from '../../protocols/wire/messages.ts'
import type { Membership } from './membership.ts'

/** From two rounds before the current one, which are still served, to one ahead. */
const ROUNDS_KEPT = 4

export class Candidates {
  readonly #membership: Pick<Membership, 'known'>
  readonly #partitions: number
  readonly #rounds = new Map<string, readonly (readonly PeerName[])[]>()

  constructor(membership: Pick<Membership, 'known'>, partitions: number) {
    this.#membership = membership
    this.#partitions = partitions
  }

  /** In rank order; nobody where the epoch is not known here. */
  of({ run, stage, epoch, round }: Scope, partition: number): readonly PeerName[] {
    const key = `${epoch}/${round}`
    let found = this.#rounds.get(key)
    if (found === undefined) {
      const known = this.#membership.known(epoch)
      const group = known?.groups[stage]
      if (known === null || group === undefined) return []
      const draw = { beacon: known.beacon, run, stage, round }
      found = Array.from({ length: this.#partitions }, (_, index) => partitionCandidates(draw, group, index))
      this.#rounds.set(key, found)
      const oldest = this.#rounds.keys().next().value
      if (this.#rounds.size > ROUNDS_KEPT && oldest !== undefined) this.#rounds.delete(oldest)
    }
    return found[partition] ?? []
  }
}
