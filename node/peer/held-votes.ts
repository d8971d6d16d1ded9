/** Votes that wait while the stage has no lease (consensus/recovery). Beyond a bound they are not cast at all, which contradicts nothing. */
import type { RoundEffect } from '../../consensus/round/types.ts'
import type { Payload } from '../../protocols/wire/messages.ts'

/** What may not be signed without a lease: what a round is decided and certified by. */
const VOTES: ReadonlySet<Payload['kind']> = new Set<Payload['kind']>(['propose', 'prevote', 'precommit', 'outcome'])
/** The machine asks for few while none is cast. */
const WAITING_VOTES_MAX = 256

export type SignEffect = Extract<RoundEffect, { type: 'sign' }>

export class HeldVotes {
  readonly #mayVote: () => boolean
  #waiting: SignEffect[] = []

  constructor(mayVote: () => boolean) {
    this.#mayVote = mayVote
  }

  /** What may be signed now; the rest waits. */
  signable(asked: readonly SignEffect[]): readonly SignEffect[] {
    if (this.#mayVote()) return asked
    const votes = asked.filter(({ payload }) => VOTES.has(payload.kind))
    this.#waiting = [...this.#waiting, ...votes].slice(0, WAITING_VOTES_MAX)
    return asked.filter(({ payload }) => !VOTES.has(payload.kind))
  }

  /** The lease was renewed. */
  release(): readonly SignEffect[] {
    return this.#waiting.splice(0)
  }
}
