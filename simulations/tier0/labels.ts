/**
 * Signatures in tier 0 are labels: an envelope is eight bytes that name one signed payload, and only the holder of a key
 * makes one. Whoever gets the bytes can open them; nobody can make another's.
 */
import type { Commit, Outcome, Payload, PeerName, Signed } from '../../protocols/wire/messages.ts'

interface Labelled {
  readonly signed: Signed
}

export class LabelFactory {
  #next = 0

  /** The key of one peer. It must not be handed to another. */
  key(name: PeerName): Key {
    return new Key(name, () => this.#next++)
  }
}

export class Key {
  readonly name: PeerName
  readonly #number: () => number

  constructor(name: PeerName, number: () => number) {
    this.name = name
    this.#number = number
  }

  sign<P extends Payload>(payload: P): Signed<P> {
    const bytes = new Uint8Array(8)
    // Byte by byte: a view would take a buffer apart from the bytes.
    let number = this.#number()
    for (let index = bytes.length - 1; number > 0; index--) {
      bytes[index] = number % 256
      number = Math.floor(number / 256)
    }
    const signed = { signer: this.name, payload, envelope: bytes }
    Object.assign(bytes, { signed })
    return signed
  }
}

function isLabelled(bytes: Uint8Array): bytes is Uint8Array & Labelled {
  return 'signed' in bytes
}

/** What an envelope says; null for bytes that are none. */
export function openLabel(envelope: Uint8Array): Signed | null {
  return isLabelled(envelope) ? envelope.signed : null
}

export function openLabels(envelopes: readonly Uint8Array[]): Signed[] {
  const opened: Signed[] = []
  for (const envelope of envelopes) if (isLabelled(envelope)) opened.push(envelope.signed)
  return opened
}

type Spoken = { readonly payload: { readonly kind: string } }

export function isOutcome<T extends Spoken>(signed: T): signed is T & Signed<Outcome> {
  return signed.payload.kind === 'outcome'
}

export function isCommit<T extends Spoken>(signed: T): signed is T & Signed<Commit> {
  return signed.payload.kind === 'commit'
}
