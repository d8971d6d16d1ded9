/**
 * A process's pulls: few at a time, as the product's transfers are, so that each gets through before it counts as lost; and
 * what they took, which says how long a holder may be silent before the next is asked (protocols/reduce).
 */
import { PARALLEL_TRANSFERS, PARALLEL_TRANSFERS_PER_PEER } from '../../protocols/reduce/constants.ts'
import { PullPatience } from '../../protocols/reduce/patience.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import type { SimPeer } from './peer.ts'
import { spawn, type Task } from './task.ts'

interface Waiting {
  readonly holder: PeerName
  readonly begin: () => void
}

export class SimPulls {
  readonly #peer: SimPeer
  readonly #underWay = new Map<PeerName, number>()
  #all = 0
  #waiting: Waiting[] = []
  /** One that ends at once, as where its holder is down, leaves its place to the walk that began it. */
  #isWalking = false
  #patience: PullPatience | null = null

  constructor(peer: SimPeer) {
    this.#peer = peer
  }

  get patience(): PullPatience {
    this.#patience ??= new PullPatience(this.#peer.world.run.manifest.timeouts.reduceMs)
    return this.#patience
  }

  /**
   * Runs one when it is its turn. Returns what gives it up and frees its place at once: another holder has given what was asked
   * for, or its round is over.
   *
   * @param begin - null where it is no longer wanted then
   */
  run<T>(holder: PeerName, begin: () => Task<T> | null, done: (result: T) => void): () => void {
    const { life } = this.#peer
    let state: 'waiting' | 'running' | 'over' = 'waiting'
    const leave = (): void => {
      state = 'over'
      this.#count(holder, -1)
    }
    const start = (): void => {
      const task = state === 'waiting' ? begin() : null
      if (task === null) return
      state = 'running'
      this.#count(holder, 1)
      const isWanted = () => this.#peer.life === life && state === 'running'
      spawn(task, isWanted, result => {
        leave()
        done(result)
        this.#next()
      })
    }
    if (this.#hasTurn(holder)) start()
    else this.#waiting.push({ holder, begin: start })
    return () => {
      if (this.#peer.life !== life) return
      if (state !== 'running') {
        state = 'over'
        return
      }
      leave()
      this.#next()
    }
  }

  /** The process has died. */
  clear(): void {
    this.#patience = null
    this.#underWay.clear()
    this.#all = 0
    this.#waiting = []
    this.#isWalking = false
  }

  #hasTurn(holder: PeerName): boolean {
    return this.#all < PARALLEL_TRANSFERS && (this.#underWay.get(holder) ?? 0) < PARALLEL_TRANSFERS_PER_PEER
  }

  #count(holder: PeerName, change: 1 | -1): void {
    this.#underWay.set(holder, (this.#underWay.get(holder) ?? 0) + change)
    this.#all += change
  }

  #next(): void {
    if (this.#isWalking) return
    this.#isWalking = true
    for (let index = 0; index < this.#waiting.length; ) {
      const one = this.#waiting[index]!
      if (!this.#hasTurn(one.holder)) {
        index++
        continue
      }
      this.#waiting.splice(index, 1)
      one.begin()
      // Whoever waits before it may have a turn now.
      index = 0
    }
    this.#isWalking = false
  }
}
