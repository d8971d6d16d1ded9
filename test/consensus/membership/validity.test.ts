import { expect } from 'chai'
import fc from 'fast-check'
import {
  absences,
  changeFault,
  changesFault,
  epochLimit,
  type MembershipContext,
  type Wish,
} from '../../../consensus/membership/index.ts'
import type { Change, Outcome, PeerName, Signed } from '../../../protocols/wire/messages.ts'
import { hashOf, makeContext, peerNames, Signer } from '../round/fixtures.ts'
import { CANDIDATES, Members, SHOWING } from '../round/members.ts'

const SEATS = 4
const peers = peerNames(SEATS)
const [a, b, c, d] = peers as [PeerName, PeerName, PeerName, PeerName]
const STRANGER = '12D3KooWstranger'

function members(n = SEATS, absent: readonly PeerName[] = []): Members {
  return new Members(new Signer(), makeContext(null, peerNames(n), 1), absent)
}

function isProven(of: Members, { change, proof }: Wish, context: Partial<MembershipContext> = {}): boolean {
  return changeFault(of.context(context), change, proof) === null
}

/** The same wish with its proof changed. */
function but(wish: Wish, proof: (proof: readonly Signed[]) => readonly (Signed | undefined)[]): Wish {
  return { ...wish, proof: proof(wish.proof).filter(one => one !== undefined) }
}

describe('the proof of a change', () => {
  const stage = members(SEATS, [d])

  it('of an admission is the parent’s outcome, signed by the candidate, of this epoch', () => {
    const wish = stage.admission()
    const { round } = stage.scope
    const [candidate] = CANDIDATES as [PeerName]
    const signed = (outcome: Outcome, by = candidate) => but(wish, () => [stage.sign(by, outcome)])
    expect(isProven(stage, wish)).to.equal(true)
    expect(
      isProven(
        stage,
        but(wish, () => []),
      ),
    ).to.equal(false)
    expect(isProven(stage, signed(stage.outcomePayload(round - 1), a))).to.equal(false)
    expect(isProven(stage, signed(stage.outcomePayload(round - 2)))).to.equal(false)
    expect(isProven(stage, signed({ ...stage.outcomePayload(round - 1), state: hashOf('other') }))).to.equal(false)
    expect(isProven(stage, signed(stage.outcomePayload(round - 1, [], stage.earlier)))).to.equal(false)
    expect(isProven(stage, wish, { past: [] })).to.equal(false)
    expect(isProven(stage, wish, { past: stage.context().membership!.past.slice(1) })).to.equal(false)
  })

  it('of a leave is LEAVE of this epoch and group, in whatever round, signed by who leaves', () => {
    const wish = stage.leave(a)
    const signed = (scope: object, by = a) =>
      but(wish, () => [stage.sign(by, { kind: 'leave', scope: { ...stage.scope, ...scope } })])
    expect(isProven(stage, wish)).to.equal(true)
    expect(isProven(stage, signed({ round: 2 }))).to.equal(true)
    expect(
      isProven(
        stage,
        but(wish, () => []),
      ),
    ).to.equal(false)
    expect(isProven(stage, signed({}, b))).to.equal(false)
    expect(isProven(stage, signed(stage.earlier))).to.equal(false)
    expect(isProven(stage, signed({ stage: 0 }))).to.equal(false)
    expect(isProven(stage, signed({ run: 'another' }))).to.equal(false)
    expect(
      isProven(
        stage,
        but(wish, () => [stage.sign(a, { kind: 'idle', scope: stage.scope })]),
      ),
    ).to.equal(false)
  })

  it('of an absence is Q outcomes of each of five rounds that did not hear it', () => {
    const wish = stage.absence(d)
    expect(isProven(stage, wish)).to.equal(true)
    for (const back of SHOWING) {
      const others = stage.outcomes(SHOWING.filter(round => round !== back))
      const isLacking = but(wish, () => [...others, ...stage.outcomes([back]).slice(1)])
      expect(isProven(stage, isLacking), `a quorum lacks ${back} rounds ago`).to.equal(false)
      const repeated = but(wish, () => [...isLacking.proof, stage.outcomes([back])[1]])
      expect(isProven(stage, repeated), 'one outcome twice').to.equal(false)
    }
    expect(isProven(stage, wish, { past: stage.context().membership!.past.slice(0, 2) })).to.equal(false)
    const [first, , third] = stage.context().membership!.past
    expect(isProven(stage, wish, { past: [first!, third!, third!] })).to.equal(false)
    expect(isProven(stage, wish, { absenceBlocks: SHOWING.at(-1)! }), 'an epoch that is not as old').to.equal(false)
  })

  it('of an absence stands against one liar that says it heard, and falls with f + 1', () => {
    const { round } = stage.scope
    for (const liars of [1, 2]) {
      const wish = but(stage.absence(d), proof =>
        proof.map(one => {
          const { payload, signer } = one
          if (payload.kind !== 'outcome' || peers.indexOf(signer) >= liars || payload.scope.round !== round - 2)
            return one
          return stage.sign(signer, stage.outcomePayload(round - 2, peers))
        }),
      )
      expect(isProven(stage, wish)).to.equal(liars === 1)
    }
  })

  it('of all absences is found in the certificates of the rounds that show them', () => {
    const past = SHOWING.map(back => stage.outcomes([back]))
    expect(absences(stage.context(), past)).to.deep.equal([
      { change: { peer: d, act: 'remove-absent' }, proof: past.flat() },
    ])
    expect(absences(stage.context(), past.slice(1))).to.deep.equal([])
    expect(absences(stage.context({ departing: [d] }), past)).to.deep.equal([])
    expect(absences(makeContext(null, peers, 1), past)).to.deep.equal([])
  })

  it('of an absence is none whose outcomes are not the certified ones, of strangers, or of the epoch before', () => {
    const { round } = stage.scope
    const forge = (outcome: (payload: Outcome) => Outcome, by?: PeerName) =>
      but(stage.absence(d), proof =>
        proof.map(({ payload, signer }) =>
          payload.kind === 'outcome' && payload.scope.round === round - 1
            ? stage.sign(by ?? signer, outcome(payload))
            : stage.sign(signer, payload),
        ),
      )
    expect(
      isProven(
        stage,
        forge(payload => payload),
      ),
    ).to.equal(true)
    expect(
      isProven(
        stage,
        forge(payload => ({ ...payload, state: hashOf('other') })),
      ),
    ).to.equal(false)
    expect(
      isProven(
        stage,
        forge(payload => payload, STRANGER),
      ),
    ).to.equal(false)
    expect(
      isProven(
        stage,
        forge(payload => ({ ...payload, scope: { ...stage.earlier, round: round - 1 } })),
      ),
    ).to.equal(false)
  })

  it('of a lie is two signatures of this run that contradict each other, of whatever stage and epoch', () => {
    const wish = stage.lie(c)
    const [first, second] = wish.proof as [Signed, Signed]
    expect(isProven(stage, wish)).to.equal(true)
    expect(
      isProven(
        stage,
        but(wish, () => [first]),
      ),
    ).to.equal(false)
    expect(
      isProven(
        stage,
        but(wish, () => [first, first]),
      ),
    ).to.equal(false)
    expect(isProven(stage, { ...wish, change: { ...wish.change, peer: b } })).to.equal(false)
    expect(
      isProven(
        stage,
        but(wish, () => [first, stage.sign(b, second.payload)]),
      ),
    ).to.equal(false)
    const elsewhere = [first, second].map(({ payload, signer }) =>
      payload.kind === 'prevote'
        ? stage.sign(signer, { ...payload, scope: { ...payload.scope, run: 'another' } })
        : first,
    )
    expect(
      isProven(
        stage,
        but(wish, () => elsewhere),
      ),
    ).to.equal(false)
    // Beside what else a proposal shows of that peer.
    const shown = [stage.sign(c, { kind: 'idle', scope: stage.scope }), ...stage.outcomes()]
    expect(
      isProven(
        stage,
        but(wish, proof => [...shown, ...proof]),
      ),
    ).to.equal(true)
  })

  it('of one act is none of another', () => {
    const wishes = [stage.admission(), stage.leave(a), stage.absence(d), stage.lie(c)]
    for (const { change } of wishes) {
      for (const other of wishes) {
        const isOwn = other.change.act === change.act
        expect(isProven(stage, { change, proof: other.proof })).to.equal(isOwn)
      }
    }
  })

  it('of an absence cannot be had of a seat that all honest ones heard, whatever f liars sign and the leader picks', () => {
    fc.assert(
      fc.property(fc.constantFrom(4, 7, 10), fc.nat(), fc.infiniteStream(fc.boolean()), (n, victimAt, coins) => {
        const of = members(n)
        const context = of.context()
        const { seats, faults } = context.group
        const victim = seats[victimAt % n]!.peer
        const liars = seats
          .map(({ peer }) => peer)
          .filter(peer => peer !== victim)
          .slice(0, faults)
        const coin = () => coins.next().value === true
        const proof = SHOWING.flatMap(back =>
          seats.flatMap(({ peer }) => {
            const heard = liars.includes(peer) ? [] : seats.map(seat => seat.peer)
            return liars.includes(peer) || coin()
              ? [of.sign(peer, of.outcomePayload(of.scope.round - back, heard))]
              : []
          }),
        )
        expect(changeFault(context, { peer: victim, act: 'remove-absent' }, proof)).not.to.equal(null)
      }),
    )
  })
})

describe('the changes of a value', () => {
  const of = members(7)
  const seats = peerNames(7)
  const fault = (changes: readonly Change[], change: Partial<MembershipContext> = {}): string | null =>
    changesFault(of.context(change), changes)
  const all = (act: Change['act'], names: readonly PeerName[]): Change[] => names.map(peer => ({ peer, act }))

  it('are none where no members may change', () => {
    const context = makeContext(null, peers, 1)
    expect(changesFault(context, [])).to.equal(null)
    expect(changesFault(context, all('remove-left', [a]))).to.not.equal(null)
    expect(changeFault(context, { peer: a, act: 'remove-left' }, stageProof())).to.not.equal(null)
  })

  it('remove seats that do not leave already and were not changed in this epoch', () => {
    expect(fault(all('remove-left', [a]))).to.equal(null)
    expect(fault(all('remove-left', [STRANGER]))).to.equal(`${STRANGER} has no seat`)
    expect(fault(all('remove-proven', [a]), { departing: [a] })).to.equal(`${a} leaves already`)
    expect(fault(all('remove-proven', [a]), { decided: all('remove-left', [a]) })).to.match(/already/)
  })

  it('admit candidates of this stage only, once', () => {
    const departing = seats.slice(0, 2)
    expect(fault(all('admit', CANDIDATES), { departing })).to.equal(null)
    expect(fault(all('admit', [STRANGER]), { departing })).to.equal(`${STRANGER} is no candidate`)
    expect(fault(all('admit', [a]), { departing, candidates: [a] })).to.equal(`${a} is no candidate`)
    expect(fault(all('admit', CANDIDATES), { departing, decided: all('admit', CANDIDATES.slice(1)) })).to.match(
      /already/,
    )
  })

  it('fill the stage up, counting those that leave as gone', () => {
    expect(fault(all('admit', CANDIDATES.slice(1)))).to.match(/no seat is free/)
    expect(fault(all('admit', CANDIDATES), { departing: [a] })).to.match(/no seat is free/)
    expect(fault(all('admit', CANDIDATES), { replicas: 9 })).to.equal(null)
    const decided = all('admit', CANDIDATES.slice(0, 1))
    expect(fault(all('admit', CANDIDATES.slice(1)), { departing: [a], decided })).to.match(/no seat is free/)
    expect(
      fault([...all('admit', CANDIDATES.slice(1)), ...all('remove-proven', [b])], { departing: [a], decided }),
    ).to.equal(null)
  })

  it('keep the limits of an epoch: f removals and f admissions, over all of its rounds; proven lies are free', () => {
    expect(epochLimit(of.context())).to.equal(2)
    const absent = all('remove-absent', seats.slice(0, 2))
    const left = all('remove-left', seats.slice(2, 3))
    expect(fault(absent)).to.equal(null)
    expect(fault([...absent, ...left])).to.match(/3 removals/)
    expect(fault(left, { decided: absent })).to.match(/3 removals/)
    expect(fault(all('remove-proven', seats.slice(2)), { decided: absent })).to.equal(null)
    const more = { replicas: 20, candidates: [...CANDIDATES, STRANGER] }
    expect(fault(all('admit', [...CANDIDATES, STRANGER]), more)).to.match(/3 admissions/)
    expect(fault(all('admit', [STRANGER]), { ...more, decided: all('admit', CANDIDATES) })).to.match(/3 admissions/)
    // One of each in stages that stand no fault.
    const small = members(3)
    expect(changesFault(small.context(), all('remove-absent', [a]))).to.equal(null)
    expect(changesFault(small.context(), all('remove-absent', [a, b]))).to.match(/2 removals/)
  })

  it('are as many as there are seats at most', () => {
    const changes = [...all('remove-proven', seats), ...all('admit', CANDIDATES.slice(1))]
    expect(fault(changes)).to.match(/8 changes/)
  })
})

function stageProof(): readonly Signed[] {
  return members().leave(a).proof
}
