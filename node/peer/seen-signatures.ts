/**
 * What siblings signed in the rounds in progress, as far as it came here: shown to a sibling that asks for its own, so that
 * it notices when its disk knows less than it said (`stale.ts`). Of each kind the newest is enough: a disk that was put back
 * lacks everything from some moment on.
 */
import type { Payload, PeerName, Signed } from '../../protocols/wire/messages.ts'
import { hasSlot } from '../../protocols/wire/table.ts'

/** The round in progress, the one before and the next. */
const ROUNDS_AROUND = 1

/** By kind. */
type OfRound = Map<Payload['kind'], Signed>

export class SeenSignatures {
  /** Bounded by seats, three rounds and six kinds: who calls has checked seat and round. */
  readonly #bySigner = new Map<PeerName, Map<number, OfRound>>()

  note(signed: Signed): void {
    const { signer, payload } = signed
    if (payload.kind === 'record' || !hasSlot(payload)) return
    const { round } = payload.scope
    let rounds = this.#bySigner.get(signer)
    if (rounds === undefined) this.#bySigner.set(signer, (rounds = new Map<number, OfRound>()))
    let kinds = rounds.get(round)
    if (kinds === undefined) rounds.set(round, (kinds = new Map()))
    const known = kinds.get(payload.kind)
    // Votes come beside others many times over.
    if (known === signed) return
    if (known === undefined || viewOf(known.payload) <= viewOf(payload)) kinds.set(payload.kind, signed)
  }

  /** Shortest first: where an answer has an end, it holds as many as it can. */
  envelopes(signer: PeerName): Uint8Array[] {
    const found = [...(this.#bySigner.get(signer)?.values() ?? [])].flatMap(kinds => [...kinds.values()])
    return found.map(({ envelope }) => envelope).sort((a, b) => a.length - b.length)
  }

  /** The stage works on `round` now. */
  advance(round: number): void {
    for (const rounds of this.#bySigner.values()) {
      for (const kept of rounds.keys()) if (Math.abs(kept - round) > ROUNDS_AROUND) rounds.delete(kept)
    }
  }
}

function viewOf(payload: Payload): number {
  return 'view' in payload ? payload.view : 0
}
