/**
 * What one sibling is still to get: of every slot only the newest message, because a vote of a later view stands for the
 * earlier ones. Confirmed messages are kept until their round is over, for a sibling that comes back without its memory.
 */
import { ENVELOPE_OVERHEAD_BYTES } from '../wire/constants.ts'
import { hashHex } from '../wire/hash.ts'
import type { Signed } from '../wire/messages.ts'
import { BATCH_MAX_BYTES, BATCH_MAX_MESSAGES } from './constants.ts'
import type { Parcel } from './types.ts'

/** A parcel on its way. Two of one slot are told apart by identity. */
export interface Outgoing extends Parcel {
  readonly slot: string
  readonly round: number
  readonly bytes: number
}

export function outgoing({ signed, attachments }: Parcel): Outgoing {
  const bytes = attachments.reduce(
    (sum, envelope) => sum + envelope.length,
    signed.envelope.length + ENVELOPE_OVERHEAD_BYTES,
  )
  return { signed, attachments, slot: slotOfSigned(signed), round: roundOf(signed), bytes }
}

export class Outbox {
  readonly #maxMessages: number
  /** To be sent, oldest first. */
  readonly #waiting = new Map<string, Outgoing>()
  /** Sent and not superseded: on the way or confirmed, oldest first. */
  readonly #sent = new Map<string, Outgoing>()

  constructor(maxMessages: number) {
    this.#maxMessages = maxMessages
  }

  get waiting(): number {
    return this.#waiting.size
  }

  get size(): number {
    return this.#waiting.size + this.#sent.size
  }

  /** Takes a message in the place of the one before in its slot. */
  put(message: Outgoing): void {
    this.#sent.delete(message.slot)
    this.#waiting.delete(message.slot)
    this.#waiting.set(message.slot, message)
    if (this.size > this.#maxMessages) this.#dropOldest()
  }

  /** The oldest waiting messages, within the limits of a batch; they count as sent from now on. */
  takeBatch(): Outgoing[] {
    const batch: Outgoing[] = []
    let bytes = 0
    for (const message of this.#waiting.values()) {
      bytes += message.bytes
      if (batch.length >= BATCH_MAX_MESSAGES || (batch.length > 0 && bytes > BATCH_MAX_BYTES)) break
      batch.push(message)
    }
    for (const message of batch) {
      this.#waiting.delete(message.slot)
      this.#sent.set(message.slot, message)
    }
    return batch
  }

  /** A batch was not confirmed: what was not superseded meanwhile waits again. */
  putBack(batch: readonly Outgoing[]): void {
    this.#requeue(batch.filter(message => this.#sent.get(message.slot) === message))
  }

  /** The sibling may have forgotten everything: all of it waits again, in the order in which it was sent. */
  putAllBack(): void {
    this.#requeue([...this.#sent.values()])
  }

  /** Drops the rounds below. */
  dropBelow(round: number): void {
    for (const held of [this.#waiting, this.#sent]) {
      for (const [slot, message] of held) if (message.round < round) held.delete(slot)
    }
  }

  /** Before what waits already: it was said earlier. */
  #requeue(messages: readonly Outgoing[]): void {
    const later = [...this.#waiting.values()]
    for (const message of [...messages, ...later]) this.put(message)
  }

  #dropOldest(): void {
    const from = this.#sent.size > 0 ? this.#sent : this.#waiting
    for (const slot of from.keys()) {
      from.delete(slot)
      return
    }
  }
}

/** Messages of one slot supersede each other: one a signer, kind and round; of AGGREGATEs one a value and partition. */
function slotOfSigned({ signer, payload }: Signed): string {
  const place = `${signer}/${payload.kind}/${roundOf({ payload })}`
  return payload.kind === 'aggregate' ? `${place}/${hashHex(payload.value)}/${payload.partition}` : place
}

function roundOf({ payload }: Pick<Signed, 'payload'>): number {
  return payload.kind === 'record' ? 0 : payload.scope.round
}
