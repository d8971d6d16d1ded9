/**
 * What siblings signed in the rounds in progress, as far as it came here: shown to a sibling that asks for its own, so that
 * it notices when its disk knows less than it said (`stale.ts`). Of each kind the newest is enough: a disk that was put back
 * lacks everything from some moment on.
 */
import type { Payload, PeerName, Signed } from '../../protocols/wire/messages.ts'
import { hasSlot } from '../../protocols/wire/table.ts'

/** The round in progress, the one before and the next. */
const ROUNDS_AROUND = 1

/** By kind, then signer: what comes together lies together. */
type OfRound = Map<Payload['kind'], Map<PeerName, Signed>>

export class SeenSignatures {
  /** Bounded by three rounds, six kinds and seats: who calls has checked seat and round. */
  readonly #rounds = new Map<number, OfRound>()

  /** False where it is of no such kind, or this very one is kept: votes come beside others many times over. */
  note(signed: Signed): boolean {
    const { signer, payload } = signed
    if (payload.kind === 'record' || !hasSlot(payload)) return false
    const { round } = payload.scope
    let kinds = this.#rounds.get(round)
    if (kinds === undefined) this.#rounds.set(round, (kinds = new Map()))
    let signers = kinds.get(payload.kind)
    if (signers === undefined) kinds.set(payload.kind, (signers = new Map<PeerName, Signed>()))
    const known = signers.get(signer)
    if (known === signed) return false
    if (known === undefined || viewOf(known.payload) <= viewOf(payload)) signers.set(signer, signed)
    return true
  }

  /** Shortest first: where an answer has an end, it holds as many as it can. */
  envelopes(signer: PeerName): Uint8Array[] {
    const kinds = [...this.#rounds.values()].flatMap(ofRound => [...ofRound.values()])
    const found = kinds.flatMap(signers => signers.get(signer)?.envelope ?? [])
    return found.sort((a, b) => a.length - b.length)
  }

  /** The stage works on `round` now. */
  advance(round: number): void {
    for (const kept of this.#rounds.keys()) if (Math.abs(kept - round) > ROUNDS_AROUND) this.#rounds.delete(kept)
  }
}

function viewOf(payload: Payload): number {
  return 'view' in payload ? payload.view : 0
}
