/**
 * Messages of the next round, from siblings that are one ahead: kept until this peer gets there, a bounded number of each.
 * What finds no room is sent again by its author.
 */
import type { Received } from '../../consensus/round/types.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'

/** Messages of one seat: a round has COMMIT, some HAVEs, and three votes a view, with room for a few views. */
const MAX_PER_SEAT = 64
/** Attachments kept a message; a proposal brings those of every seat. */
const MAX_ATTACHMENTS_PER_SEAT = 1024

export class Mailbox {
  readonly #received = new Map<PeerName, Received[]>()

  put(message: Received): boolean {
    const { signer } = message.signed
    const kept = this.#received.get(signer) ?? []
    const attachments = kept.reduce((sum, other) => sum + other.attachments.length, message.attachments.length)
    if (kept.length >= MAX_PER_SEAT || attachments > MAX_ATTACHMENTS_PER_SEAT) return false
    this.#received.set(signer, [...kept, message])
    return true
  }

  /** Everything, in the order in which each seat sent it; nothing is kept. */
  take(): Received[] {
    const all = [...this.#received.values()].flat()
    this.#received.clear()
    return all
  }
}
