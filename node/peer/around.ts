/**
 * Who counts around the own epoch: neighbours may have crossed into the next one first, or not yet into ours; and a peer
 * that is behind has to do with those who sit there now.
 */
import type { Roster } from '../../consensus/membership/index.ts'
import type { Seats } from '../../protocols/discovery/index.ts'
import { compareText } from '../../protocols/wire/hash.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import type { Membership } from './membership.ts'

/** Epochs before and after the own one. */
export const EPOCHS_AROUND = 1

interface Places {
  /** Of each stage, sorted. */
  readonly seats: readonly (readonly PeerName[])[]
  readonly candidates: readonly (readonly PeerName[])[]
}

export class Around implements Seats {
  readonly #membership: Pick<Membership, 'roster' | 'newest'>
  readonly #stages: number
  readonly #epoch: () => number
  #key = ''
  #places: Places = { seats: [], candidates: [] }

  /** @param epoch - the epoch that this peer is in */
  constructor(membership: Pick<Membership, 'roster' | 'newest'>, stages: number, epoch: () => number) {
    this.#membership = membership
    this.#stages = stages
    this.#epoch = epoch
  }

  /** Everybody with a seat in the stage, sorted. */
  seats(stage: number): readonly PeerName[] {
    return this.#current().seats[stage] ?? []
  }

  /** A seat, or a candidate for one, who is heard as well. */
  hasSeat(peer: PeerName, stage: number): boolean {
    return this.isSeated(peer, stage) || this.isCandidate(peer, stage)
  }

  isSeated(peer: PeerName, stage: number): boolean {
    return this.seats(stage).includes(peer)
  }

  isCandidate(peer: PeerName, stage: number): boolean {
    return this.#current().candidates[stage]?.includes(peer) ?? false
  }

  /** A seat or candidate of any stage. */
  hasPlace(peer: PeerName): boolean {
    return Array.from({ length: this.#stages }, (_, stage) => stage).some(stage => this.hasSeat(peer, stage))
  }

  #current(): Places {
    const own = this.#epoch()
    const newest = this.#membership.newest.epoch
    const key = `${own}/${newest}`
    if (key !== this.#key) {
      this.#key = key
      this.#places = this.#join(own, newest)
    }
    return this.#places
  }

  #join(own: number, newest: number): Places {
    const numbers = new Set([own, newest].flatMap(at => [at - EPOCHS_AROUND, at, Math.min(at + EPOCHS_AROUND, newest)]))
    const rosters = [...numbers].flatMap(number => this.#membership.roster(number) ?? [])
    const of = (pick: (roster: Roster) => ReadonlyMap<PeerName, number>): PeerName[][] =>
      Array.from({ length: this.#stages }, (_, stage) => {
        const peers = rosters.flatMap(roster => [...pick(roster)].flatMap(([peer, at]) => (at === stage ? [peer] : [])))
        return [...new Set(peers)].sort(compareText)
      })
    return { seats: of(roster => roster.stageOf), candidates: of(roster => roster.candidates) }
  }
}
