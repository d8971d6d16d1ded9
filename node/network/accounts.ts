/**
 * What a peer took, over all its connections and those that it had a while ago: each kind is owed back, and made up for by waiting. Only of
 * so many peers; whoever comes as somebody else each time is bounded by what all strangers have together.
 */
import type { PeerName } from '../../protocols/wire/messages.ts'
import {
  ACCOUNTS_MAX,
  FRAME_BYTES,
  FRAMES_PER_MS,
  STRANGER_SHARE,
  STREAMS_PER_MS,
  USED_HALVED_MS,
} from './constants.ts'

export class Account {
  /** Frames that it brought beyond what it may. */
  frames = 0
  /** Streams that it opened beyond what it may. */
  streams = 0
  /** Of a stranger: time that it took beyond its share, ms. */
  owedMs = 0
  /** Of a stranger: time that it took of late, ms. */
  usedMs = 0
  #framesReducedMs: number
  #reducedMs: number

  constructor(nowMs: number) {
    this.#framesReducedMs = nowMs
    this.#reducedMs = nowMs
  }

  /** Bulk comes in long frames; short ones are what a flood is made of. */
  brought(bytes: number): void {
    this.frames = Math.max(0, this.frames - bytes / FRAME_BYTES)
  }

  took(ms: number): void {
    this.owedMs += ms
    this.usedMs += ms
  }

  /** @param takesAnswers - else nothing is given back for its frames until it does, then for all the time that it took */
  reduce(nowMs: number, takesAnswers: boolean): void {
    if (takesAnswers) {
      this.frames = Math.max(0, this.frames - (nowMs - this.#framesReducedMs) * FRAMES_PER_MS)
      this.#framesReducedMs = nowMs
    }
    const elapsedMs = nowMs - this.#reducedMs
    this.#reducedMs = nowMs
    this.streams = Math.max(0, this.streams - elapsedMs * STREAMS_PER_MS)
    this.owedMs = Math.max(0, this.owedMs - elapsedMs * STRANGER_SHARE)
    this.usedMs *= 2 ** (-elapsedMs / USED_HALVED_MS)
  }
}

export class Accounts {
  /** The latest to connect last. */
  readonly #accounts = new Map<PeerName, Account>()

  /** @param fresh - for a peer that is not known */
  of(peer: PeerName, fresh: Account): Account {
    const account = this.#accounts.get(peer) ?? fresh
    this.#accounts.delete(peer)
    this.#accounts.set(peer, account)
    for (const oldest of this.#accounts.keys()) {
      if (this.#accounts.size <= ACCOUNTS_MAX) break
      this.#accounts.delete(oldest)
    }
    return account
  }
}
