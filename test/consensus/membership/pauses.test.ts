import { expect } from 'chai'
import fc from 'fast-check'
import {
  changeFault,
  changesFault,
  firstRoster,
  isPaused,
  type MembershipContext,
  mayPause,
  nextRoster,
  PAUSE_AGAIN_EPOCHS,
  PAUSE_EPOCHS,
  type Pauses,
  pauseEnds,
  type Roster,
  type Wish,
} from '../../../consensus/membership/index.ts'
import type { PeerName } from '../../../protocols/wire/messages.ts'
import { hashOf, makeContext, peerNames, RUN, Signer } from '../round/fixtures.ts'
import { Members } from '../round/members.ts'

const peers = peerNames(7)
const [a, b, c] = peers as [PeerName, PeerName, PeerName]
const stage = new Members(new Signer(), makeContext(null, peers, 1), [a])
const { epoch } = stage.scope

const isProven = ({ change, proof }: Wish, context: Partial<MembershipContext> = {}): boolean =>
  changeFault(stage.context(context), change, proof) === null
const since = (number: number, ...names: readonly PeerName[]): Pauses => new Map(names.map(name => [name, number]))

describe('a pause', () => {
  it('is proven by PAUSE of this epoch and group, signed by who pauses', () => {
    const pause = stage.pause(a)
    const signed = (scope: object, by = a): Wish => ({
      ...pause,
      proof: [stage.sign(by, { kind: 'pause', scope: { ...stage.scope, ...scope } })],
    })
    expect(isProven(pause)).to.equal(true)
    expect(isProven(signed({ round: 2 }))).to.equal(true)
    expect(isProven({ ...pause, proof: [] })).to.equal(false)
    expect(isProven(signed({}, b))).to.equal(false)
    expect(isProven(signed(stage.earlier))).to.equal(false)
    expect(isProven({ ...pause, proof: stage.leave(a).proof })).to.equal(false)
    expect(isProven(pause, { departing: [a] }), 'a seat that is to go').to.equal(false)
  })

  it('keeps its seat from counting as absent in the epoch of its decision and in the next one', () => {
    expect(isProven(stage.absence(a))).to.equal(true)
    for (const age of [0, PAUSE_EPOCHS]) {
      expect(isProven(stage.absence(a), { paused: since(epoch - age, a) }), `${age} epochs ago`).to.equal(false)
      expect(isProven(stage.absence(a), { paused: since(epoch - age, b) })).to.equal(true)
    }
    expect(isProven(stage.absence(a), { paused: since(epoch - PAUSE_EPOCHS - 1, a) })).to.equal(true)
    expect(pauseEnds(epoch - PAUSE_EPOCHS)).to.equal(epoch + 1)
  })

  it('keeps nobody from being removed for a lie, or from leaving', () => {
    const decided = { decided: [stage.pause(a).change], paused: since(epoch, a) }
    expect(isProven(stage.lie(a), decided)).to.equal(true)
    expect(isProven(stage.leave(a), decided)).to.equal(true)
    expect(isProven(stage.pause(a), decided), 'twice in an epoch').to.equal(false)
  })

  it('is not decided of more than f seats at a time', () => {
    const pausing = (names: readonly PeerName[], paused: Pauses = new Map()): string | null => {
      const changes = names.map(name => stage.pause(name).change)
      return changesFault(stage.context({ paused }), changes)
    }
    expect(pausing([a, b])).to.equal(null)
    expect(pausing([a, b, c])).to.match(/3 seats pause at a time where 2 may/)
    expect(pausing([b], since(epoch - 1, a))).to.equal(null)
    expect(pausing([b, c], since(epoch - 1, a))).to.match(/3 seats/)
    expect(pausing([b, c], since(epoch - PAUSE_EPOCHS - 1, a)), 'one that is over').to.equal(null)
    const left = { decided: [], paused: since(epoch, a, b) }
    expect(changesFault(stage.context(left), [stage.leave(c).change]), 'binds only pauses').to.equal(null)
  })

  it('protects a seat in at most half of the epochs, whenever it asks', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 12, maxLength: 40 }), asks => {
        const rules = { run: RUN, stages: 1, replicas: 4 }
        let roster: Roster = firstRoster(rules, hashOf('beacon'), new Set(peers.slice(0, 4)))
        const covered: boolean[] = []
        for (const asked of asks) {
          const { epoch: now } = roster
          const isDecided = asked && mayPause(roster.paused, now, a)
          covered.push(isDecided || isPaused(roster.paused, now, a))
          const change = { peer: a, act: 'pause' } as const
          const decided = isDecided ? [{ stage: 0, round: now, epoch: now, changes: [change] }] : []
          roster = nextRoster(rules, roster, { beacon: hashOf(`${now}`), bonded: new Set(peers.slice(0, 4)), decided })
          expect(roster.stageOf.get(a)).to.equal(0)
        }
        for (let from = 0; from + PAUSE_AGAIN_EPOCHS <= covered.length; from++) {
          const within = covered.slice(from, from + PAUSE_AGAIN_EPOCHS).filter(Boolean).length
          expect(within).to.be.at.most(PAUSE_EPOCHS + 1)
        }
      }),
      { numRuns: 100 },
    )
  })

  it('of a seat of another stage, or of a record that comes late, counts for what it was', () => {
    const rules = { run: RUN, stages: 1, replicas: 4 }
    const bonded = new Set(peers.slice(0, 4))
    const first = { ...firstRoster(rules, hashOf('beacon'), bonded), epoch: 6 }
    const change = { peer: a, act: 'pause' } as const
    const pausedBy = (of: number, epochOf: number): Pauses =>
      nextRoster(rules, first, {
        beacon: hashOf('next'),
        bonded,
        decided: [{ stage: of, round: 1, epoch: epochOf, changes: [change] }],
      }).paused
    expect([...pausedBy(0, 6)]).to.deep.equal([[a, 6]])
    expect([...pausedBy(0, 5)], 'decided an epoch before').to.deep.equal([[a, 5]])
    expect([...pausedBy(1, 6)]).to.deep.equal([])
  })
})
