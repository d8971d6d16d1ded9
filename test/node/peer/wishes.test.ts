import { expect } from 'chai'
import type { Roster, Wish } from '../../../consensus/membership/index.ts'
import type { RoundContext } from '../../../consensus/round/types.ts'
import { Wishes } from '../../../node/peer/wishes.ts'
import { outcomeHash } from '../../../protocols/wire/certificate.ts'
import type { Outcome, PeerName, Signed } from '../../../protocols/wire/messages.ts'
import { hashOf, outcomeOf, roundValue, SCOPE } from '../../protocols/wire/samples.ts'
import { peer } from './messages.ts'

const { round: ROUND, stage: STAGE } = SCOPE
/** Peers 0 to 3 sit in the stage, 4 was dealt to it, 5 was not. */
const SEATS = [0, 1, 2, 3].map(peer)
const [CANDIDATE, STRANGER] = [peer(4), peer(5)]
const ALL = 0b1111

function outcome(from: PeerName, round: number, heard = ALL): Signed<Outcome> {
  const payload = { ...outcomeOf(roundValue([])), scope: { ...SCOPE, round }, heard: Uint8Array.of(heard) }
  return { signer: from, payload, envelope: hashOf(`${from}/${round}/${heard}`) }
}

function leave(from: PeerName, epoch = SCOPE.epoch): Signed {
  return { signer: from, payload: { kind: 'leave', scope: { ...SCOPE, epoch } }, envelope: hashOf(`${from} leaves`) }
}

/** Epoch 4 seats the candidate in place of peer 3; others are not known. */
function rosterOf(epoch: number): Roster | null {
  const sitting = epoch === SCOPE.epoch ? SEATS : [...SEATS.slice(0, 3), CANDIDATE]
  const candidates = new Map(epoch === SCOPE.epoch ? [[CANDIDATE, STAGE]] : [])
  const stageOf = new Map(sitting.map(name => [name, STAGE]))
  const isKnown = epoch === SCOPE.epoch || epoch === SCOPE.epoch + 1
  return isKnown
    ? {
        epoch,
        stageOf,
        departing: new Map(),
        barred: new Set(),
        paused: new Map(),
        shortSince: new Map(),
        moves: [],
        candidates,
        spares: [],
      }
    : null
}

/** What wishes read of a round. */
function contextOf(round: number): RoundContext {
  const past = [1, 2, 3].map(ago => {
    const { payload } = outcome(SEATS[0] ?? '', round - ago)
    // Each refers to the block after the last one's.
    const ids = { value: payload.value, outcome: outcomeHash(payload) }
    return { round: round - ago, ...ids, height: 100 + round - ago, isRising: true }
  })
  const membership = {
    ...{ candidates: [CANDIDATE], departing: [], decided: [], paused: new Map(), replicas: 4, past },
    absenceBlocks: 2,
  }
  const group = { seats: SEATS.map(name => ({ peer: name, stake: 1n })), faults: 1, quorum: 3, hash: SCOPE.group }
  return { scope: { ...SCOPE, round }, group, membership } as Partial<RoundContext> as RoundContext
}

function open(): { wishes: Wishes; told: [number | null, Wish][]; acts: (round?: number) => string[] } {
  const told: [number | null, Wish][] = []
  const wishes = new Wishes({
    self: SEATS[0] ?? '',
    stage: STAGE,
    membership: { roster: rosterOf },
    onWish: (round, wish) => told.push([round, wish]),
  })
  const acts = (round = ROUND): string[] =>
    wishes.forRound(contextOf(round)).map(({ change }) => `${change.act} ${[...SEATS, CANDIDATE].indexOf(change.peer)}`)
  return { wishes, told, acts }
}

describe('wishes', () => {
  it('leave to the machine what is of a seat, and keep from it what is not', () => {
    const { wishes } = open()
    expect(wishes.take(outcome(SEATS[1] ?? '', ROUND))).to.equal(false)
    expect(wishes.take(outcome(CANDIDATE, ROUND))).to.equal(true)
    expect(wishes.take(outcome(STRANGER, ROUND))).to.equal(true)
    expect(wishes.take(leave(SEATS[1] ?? ''))).to.equal(true)
  })

  it('judge a signer by the epoch that it signed for', () => {
    const { wishes } = open()
    const scope = { ...SCOPE, epoch: SCOPE.epoch + 1 }
    const later = outcome(CANDIDATE, ROUND)
    expect(wishes.take({ ...later, payload: { ...later.payload, scope } }), 'it has a seat there').to.equal(false)
    expect(wishes.take(later)).to.equal(true)
  })

  it('admit a candidate in the round after the one whose outcome it signed, and in no other', () => {
    const { wishes, told, acts } = open()
    wishes.take(outcome(CANDIDATE, ROUND - 1))
    wishes.take(outcome(STRANGER, ROUND - 1))
    expect(told.map(([round, { change }]) => [round, change])).to.deep.equal([
      [ROUND, { peer: CANDIDATE, act: 'admit' }],
    ])
    expect(acts(ROUND - 1)).to.deep.equal([])
    expect(acts(ROUND)).to.deep.equal(['admit 4'])
    expect(acts(ROUND + 1)).to.deep.equal([])
    expect(acts(ROUND), 'what is over is forgotten').to.deep.equal([])
  })

  it('take an older outcome of a candidate for no news', () => {
    const { wishes, told } = open()
    wishes.take(outcome(CANDIDATE, ROUND - 1))
    wishes.take(outcome(CANDIDATE, ROUND - 2))
    expect(told).to.have.length(1)
  })

  it('let go who says that it leaves, in its epoch', () => {
    const { wishes, acts } = open()
    wishes.take(leave(SEATS[2] ?? ''))
    wishes.take(leave(STRANGER))
    wishes.take(leave(SEATS[3] ?? '', SCOPE.epoch - 1))
    expect(acts()).to.deep.equal(['remove-left 2'])
  })

  it('let pause who says so, in its epoch, and count those that do', () => {
    const { wishes, acts } = open()
    const pause = (from: PeerName, epoch = SCOPE.epoch): Signed => ({
      signer: from,
      payload: { kind: 'pause', scope: { ...SCOPE, epoch } },
      envelope: hashOf(`${from} pauses`),
    })
    expect(wishes.take(pause(SEATS[2] ?? ''))).to.equal(true)
    wishes.take(pause(SEATS[1] ?? '', SCOPE.epoch - 1))
    wishes.take(pause(STRANGER))
    expect(wishes.pausing(SCOPE.epoch)).to.equal(1)
    expect(acts()).to.deep.equal(['pause 2'])
    wishes.take(leave(SEATS[2] ?? ''))
    expect(acts(), 'who leaves does not come back').to.deep.equal(['remove-left 2'])
    expect(wishes.pausing(SCOPE.epoch)).to.equal(0)
  })

  it('let go whom at most f heard in each of the last three rounds, and never oneself', () => {
    const { wishes, acts } = open()
    const withoutThird = (round: number, hearers: number): void =>
      wishes.certified(
        round,
        [0, 1, 2].map(index => outcome(SEATS[index] ?? '', round, index < hearers ? 0b1110 : 0b0110)),
      )
    withoutThird(ROUND - 3, 1)
    withoutThird(ROUND - 2, 0)
    expect(acts(), 'two rounds are not enough').to.deep.equal([])
    withoutThird(ROUND - 1, 1)
    expect(acts()).to.deep.equal(['remove-absent 3'])
    withoutThird(ROUND, 2)
    expect(acts(ROUND + 1), 'f + 1 heard it').to.deep.equal([])
  })
})
