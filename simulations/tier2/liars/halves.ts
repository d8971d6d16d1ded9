/** Tells some siblings one thing and the others another. */
import type { Agreement, Parcel } from '../../../protocols/agreement/index.ts'
import type { PeerName } from '../../../protocols/wire/messages.ts'

/** The first half (rounded up) hears `one`, the others `other`. */
export function tellHalves(agreement: Agreement, siblings: readonly PeerName[], one: Parcel, other: Parcel): void {
  const middle = Math.ceil(siblings.length / 2)
  agreement.broadcast(one, siblings.slice(0, middle))
  agreement.broadcast(other, siblings.slice(middle))
}
