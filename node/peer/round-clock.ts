/**
 * Where the wall time of a round goes. At each instant the round is charged to exactly one account: the most telling of the
 * activities under way, or else what the current phase is waiting for. So the parts sum to the whole by construction.
 */
import type { RoundTimes } from '../events/types.ts'

/** Activities with a beginning and an end, most telling first. */
const ACTIVITIES = ['compute', 'hash', 'fsync', 'chain'] as const
export type Activity = (typeof ACTIVITIES)[number]

/** What the round waits for when nothing is active. */
export type Phase = 'transfer' | 'reduce' | 'agree' | 'idle'

type Account = Activity | Phase

export class RoundClock {
  readonly #nowMs: () => number
  readonly #active: Record<Activity, number> = { compute: 0, hash: 0, fsync: 0, chain: 0 }
  #spentMs = emptyAccounts()
  #phase: Phase = 'idle'
  #markMs: number

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
    this.#markMs = nowMs()
  }

  phase(phase: Phase): void {
    this.#charge()
    this.#phase = phase
  }

  /** Charges the time until `work` settles to `activity`, unless a more telling one is under way. */
  async during<Result>(activity: Activity, work: () => Promise<Result>): Promise<Result> {
    this.#charge()
    this.#active[activity]++
    try {
      return await work()
    } finally {
      this.#charge()
      this.#active[activity]--
    }
  }

  /** Closes the round's account and opens the next one's. */
  take(): RoundTimes {
    this.#charge()
    const spent = this.#spentMs
    this.#spentMs = emptyAccounts()
    return {
      computeMs: spent.compute,
      transferMs: spent.transfer,
      reduceMs: spent.reduce,
      agreeMs: spent.agree,
      hashMs: spent.hash,
      fsyncMs: spent.fsync,
      chainMs: spent.chain,
      idleMs: spent.idle,
      totalMs: Object.values(spent).reduce((sum, ms) => sum + ms, 0),
    }
  }

  #charge(): void {
    const nowMs = this.#nowMs()
    const account = ACTIVITIES.find(activity => this.#active[activity] > 0) ?? this.#phase
    this.#spentMs[account] += nowMs - this.#markMs
    this.#markMs = nowMs
  }
}

function emptyAccounts(): Record<Account, number> {
  return { compute: 0, hash: 0, fsync: 0, chain: 0, transfer: 0, reduce: 0, agree: 0, idle: 0 }
}
