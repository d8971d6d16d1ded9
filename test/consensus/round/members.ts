/** The rounds before, as far as they prove who may come and who must go: outcomes of three rounds, candidates, LEAVEs, lies. */
import { makeGroup } from '../../../consensus/election/index.ts'
import type { MembershipContext, Wish } from '../../../consensus/membership/index.ts'
import { setBit } from '../../../consensus/round/availability.ts'
import type { RoundContext } from '../../../consensus/round/index.ts'
import { outcomeHash } from '../../../protocols/wire/certificate.ts'
import type { Outcome, PeerName, Scope, Signed } from '../../../protocols/wire/messages.ts'
import { hashOf, type Signer } from './fixtures.ts'

export const CANDIDATES: readonly PeerName[] = ['12D3KooWcandidate0', '12D3KooWcandidate1']

/** How many rounds back are those that an absence is shown by: the last three, and two older ones. */
export const SHOWING = [1, 2, 3, 4, 6] as const

const BLOCKS = 5

/** @param absent - seats that nobody has heard in these rounds */
export class Members {
  readonly #signer: Signer
  readonly #base: RoundContext
  readonly #absent: readonly PeerName[]
  readonly #outcomes = new Map<string, Signed<Outcome>>()

  constructor(signer: Signer, base: RoundContext, absent: readonly PeerName[] = []) {
    this.#signer = signer
    this.#base = base
    this.#absent = absent
  }

  get scope(): Scope {
    return this.#base.scope
  }

  /** The context with these members; a seat that leaves already makes room for one admission. */
  context(change: Partial<MembershipContext> = {}): RoundContext {
    const { group, scope } = this.#base
    // Each round refers to the next block.
    const past = Array.from({ length: BLOCKS + 1 }, (_, index) => {
      const round = scope.round - 1 - index
      const outcome = this.outcomePayload(round)
      return { round, value: outcome.value, outcome: outcomeHash(outcome), height: 100 + round, isRising: true }
    })
    const membership: MembershipContext = {
      candidates: CANDIDATES,
      departing: [],
      decided: [],
      paused: new Map(),
      replicas: group.seats.length,
      past,
      absenceBlocks: BLOCKS,
      ...change,
    }
    const { value, outcome } = past[0]!
    return { ...this.#base, parent: { value, outcome }, membership }
  }

  outcomePayload(round: number, heard: readonly PeerName[] = [], scope = this.scope): Outcome {
    const { seats } = this.#base.group
    const bitmap = new Uint8Array(Math.ceil(seats.length / 8))
    seats.forEach(({ peer }, seat) => {
      if (heard.includes(peer)) setBit(bitmap, seat)
    })
    return {
      kind: 'outcome',
      scope: { ...scope, round },
      value: hashOf(`value ${round}`),
      aggregateRoot: hashOf(`aggregate ${round}`),
      state: hashOf(`state ${round}`),
      fullRoot: null,
      heard: bitmap,
    }
  }

  sign(peer: PeerName, payload: Signed['payload']): Signed {
    return this.#signer.sign(peer, payload)
  }

  /** What this peer signed `back` rounds ago: it heard everybody who was not absent. */
  outcome(back: number, peer: PeerName): Signed<Outcome> {
    const key = `${back}/${peer}`
    const heard = this.#base.group.seats.map(seat => seat.peer).filter(name => !this.#absent.includes(name))
    const known = this.#outcomes.get(key)
    const signed = known ?? this.#signer.sign(peer, this.outcomePayload(this.scope.round - back, heard))
    this.#outcomes.set(key, signed)
    return signed
  }

  /** Q outcomes of each of the rounds that show an absence, of seats that were there. */
  outcomes(rounds: readonly number[] = SHOWING): Signed<Outcome>[] {
    const { seats, quorum } = this.#base.group
    const signers = seats.map(({ peer }) => peer).filter(peer => !this.#absent.includes(peer))
    return rounds.flatMap(back => signers.slice(0, quorum).map(peer => this.outcome(back, peer)))
  }

  admission(peer: PeerName = CANDIDATES[0]!): Wish {
    return { change: { peer, act: 'admit' }, proof: [this.outcome(1, peer)] }
  }

  leave(peer: PeerName): Wish {
    const leave = this.sign(peer, { kind: 'leave', scope: { ...this.scope, round: this.scope.round - 1 } })
    return { change: { peer, act: 'remove-left' }, proof: [leave] }
  }

  pause(peer: PeerName): Wish {
    const pause = this.sign(peer, { kind: 'pause', scope: { ...this.scope, round: this.scope.round - 1 } })
    return { change: { peer, act: 'pause' }, proof: [pause] }
  }

  absence(peer: PeerName): Wish {
    return { change: { peer, act: 'remove-absent' }, proof: this.outcomes() }
  }

  /** Two PREVOTEs of one view, of another stage and an epoch ago. */
  lie(peer: PeerName): Wish {
    const scope = { ...this.scope, stage: 0, epoch: 1, round: 3 }
    const proof = ['a', 'b'].map(name =>
      this.sign(peer, { kind: 'prevote', scope, view: 0, value: hashOf(name), validView: -1 }),
    )
    return { change: { peer, act: 'remove-proven' }, proof }
  }

  /** The same seats in the epoch before: what they signed then proves nothing now. */
  get earlier(): Scope {
    const { genesis, run, stage } = this.scope
    const epoch = this.scope.epoch - 1
    const { hash } = makeGroup({ genesis, run, stage, epoch }, this.#base.group.seats)
    return { ...this.scope, epoch, group: hash }
  }
}
