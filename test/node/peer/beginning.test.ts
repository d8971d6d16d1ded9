import { expect } from 'chai'
import fc from 'fast-check'
import type { PostedAnchor } from '../../../consensus/chain/types.ts'
import type { Recovery } from '../../../consensus/recovery/index.ts'
import { nextState } from '../../../consensus/round/index.ts'
import { AnchoredWalk } from '../../../node/peer/anchored-walk.ts'
import { chooseBeginning } from '../../../node/peer/checkpoint.ts'
import { resumedTip, roundAfter, roundBefore, settledTip } from '../../../node/peer/reformed.ts'
import { advanceTip, firstTip, type Tip, tipAt } from '../../../node/peer/tip.ts'
import { followChain, tipOf } from '../../../node/verify/hash-chain.ts'
import type { State } from '../../../protocols/state/index.ts'
import { outcomeHash, type VerifiedCertificate } from '../../../protocols/wire/certificate.ts'
import { hashValue } from '../../../protocols/wire/hash.ts'
import type { Change } from '../../../protocols/wire/messages.ts'
import { isRefusal } from '../../../protocols/wire/refusals.ts'
import { hashOf, outcomeOf, roundValue, SCOPE } from '../../protocols/wire/samples.ts'
import { peer } from './messages.ts'

const MANIFEST = hashOf('manifest')
const START = { height: 10, hash: hashOf('block 10') }
const RESUME_BLOCK = { height: 100, hash: hashOf('block 100') }
const SIGNAL = AbortSignal.any([])
const [BASE, RESUME, LAST] = [6, 10, 13]

function certificateAfter(tip: Tip, changes: readonly Change[] = []): VerifiedCertificate {
  const { round, epoch, reference } = { ...tip, round: tip.round + 1, reference: tip.reference }
  const scope = { ...SCOPE, round, epoch }
  const value = { ...roundValue([peer(0)]), parent: tip.parent, reference, scope, changes }
  const aggregateRoot = hashOf('aggregate')
  const outcome = { ...outcomeOf(value), aggregateRoot, state: nextState(tip.state, aggregateRoot, MANIFEST) }
  return {
    value,
    valueId: hashValue(value),
    outcome,
    outcomeHash: outcomeHash(outcome),
    signers: [],
    outcomes: [],
    commits: [],
  }
}

/** A stage that was re-formed in epoch 3 from round 6, and went on with round 10. */
function reformedHistory() {
  const certificates = new Map<number, VerifiedCertificate>()
  const tips = new Map<number, Tip>()
  const go = (from: Tip, to: number, changes: (round: number) => readonly Change[]): Tip => {
    let tip = from
    while (tip.round < to) {
      const certificate = certificateAfter(tip, changes(tip.round + 1))
      const next = advanceTip(tip, certificate, MANIFEST)
      if (isRefusal(next)) throw new Error(next.detail)
      certificates.set(next.round, certificate)
      tips.set(next.round, next)
      tip = next
    }
    return tip
  }
  const base = go(firstTip(hashOf('initial state'), START), BASE, round =>
    round === 2 ? [{ peer: peer(1), act: 'remove-left' }] : [],
  )
  const recovery: Recovery = {
    stage: 0,
    epoch: 3,
    base: { round: BASE, ...base.parent },
    resume: RESUME,
    seats: [],
    claimants: [],
    isAttested: false,
    keepers: [],
  }
  go(resumedTip(base, recovery, RESUME_BLOCK), LAST, () => [])
  const all = [...certificates.values()]
  return { certificates, tips, recovery, all }
}

const reformed = reformedHistory()
const heldFrom = (from: number) => reformed.all.filter(({ value }) => value.scope.round >= from)
const settled = (tip: Tip): Tip => settledTip(tip, [reformed.recovery], () => RESUME_BLOCK)

function anchorOf(toRound: number, name: string, link = reformed.tips.get(toRound)!.link): PostedAnchor {
  return { stage: 0, fromRound: 1, toRound, link, peer: name, block: START }
}

describe('a history that begins at an anchored round, of a stage that was re-formed', () => {
  it('has a round before each that is the one it comes after', () => {
    const numbers = fc.integer({ min: 1, max: 100 })
    const gaps = fc.uniqueArray(numbers, { minLength: 2, maxLength: 6 }).map(some => some.toSorted((a, b) => a - b))
    fc.assert(
      fc.property(gaps, fc.integer({ min: 0, max: 120 }), (ends, from) => {
        const recoveries = ends.slice(1).map((resume, index) => ({
          ...reformed.recovery,
          epoch: index + 1,
          base: { ...reformed.recovery.base, round: ends[index]! },
          resume,
        }))
        expect(roundBefore(roundAfter(from, recoveries), recoveries)).to.be.at.most(from)
        const isHeld = recoveries.every(({ base, resume }) => from <= base.round || from >= resume)
        if (isHeld) expect(roundBefore(roundAfter(from, recoveries), recoveries)).to.equal(from)
      }),
    )
  })

  /** Serves from the start of a range to the first gap, as siblings do. */
  function walkOver(held: ReadonlyMap<number, VerifiedCertificate>): AnchoredWalk {
    const bytesOf = (round: number) => Uint8Array.of(round)
    const state: Pick<State, 'certificates'> = {
      async certificates(_, { from, to }, check) {
        const page: Uint8Array[] = []
        for (let round = from; round <= to && held.has(round); round++) page.push(bytesOf(round))
        return page.length === 0 ? { refused: 'unknown-item' } : ((await check(page)) ?? page)
      },
    }
    return new AnchoredWalk({
      state,
      history: { alone: async ([round = 0]) => held.get(round)!, recoveries: [reformed.recovery] },
      stage: 0,
      peers: [peer(0)],
      headHeight: 1_000,
      signal: SIGNAL,
    })
  }

  it('is fetched over the numbers that the recovery left out', async () => {
    const walked = await walkOver(reformed.certificates).walk(4, LAST)
    if (isRefusal(walked)) throw new Error(walked.detail)
    expect(walked.map(({ verified }) => verified.value.scope.round)).to.deep.equal([4, 5, 6, 10, 11, 12, 13])
  })

  it('is not taken where a round does not build on the base', async () => {
    const held = new Map(reformed.certificates)
    const elsewhere = { ...reformed.tips.get(BASE)!, round: RESUME - 1, parent: reformed.tips.get(5)!.parent }
    held.set(RESUME, certificateAfter(elsewhere))
    expect(await walkOver(held).walk(4, LAST)).to.deep.include({ refused: 'wrong-hash' })
  })

  it('begins where most members agree, though they anchored on both sides of the recovery', () => {
    const liar = anchorOf(4, 'liar', hashOf('a lie'))
    const chosen = chooseBeginning([liar, anchorOf(5, 'a'), anchorOf(11, 'b')], heldFrom(4))
    expect(chosen?.peer).to.equal('a')
    expect(chooseBeginning([anchorOf(5, 'a')], heldFrom(RESUME))).to.equal(null)
  })

  it('has the tip of the whole one, with what its epoch decided as far as that is held', () => {
    const whole = reformed.tips.get(5)!
    const at = (from: number) => {
      const held = heldFrom(from).filter(({ value }) => value.scope.round <= 5)
      return tipAt(held.at(-1)!, whole.link, held.slice(0, -1))
    }
    expect(whole.decided).to.have.length(1)
    expect(at(1)).to.deep.equal(whole)
    expect(at(3), 'what is the epoch’s first round is not known').to.deep.equal({
      ...whole,
      decided: [],
      past: whole.past.filter(({ round }) => round >= 3),
    })
    const resumed = reformed.tips.get(11)!
    const since = heldFrom(4).filter(({ value }) => value.scope.round <= 11)
    expect(tipAt(since.at(-1)!, resumed.link, since.slice(0, -1))).to.deep.equal(resumed)
  })

  it('is verified from before the recovery to its end', () => {
    const first = reformed.tips.get(5)!
    const rounds = Array.from({ length: LAST - 5 }, (_, index) => {
      const certificate = reformed.certificates.get(6 + index)
      return certificate === undefined ? [] : [certificate]
    })
    const chain = followChain(first, rounds, MANIFEST, settled)
    expect([chain.fault, chain.gap]).to.deep.equal([null, null])
    for (const round of [5, 6, 10, LAST])
      expect(tipOf(chain, round)?.link).to.deep.equal(reformed.tips.get(round)!.link)
    expect([tipOf(chain, 4), tipOf(chain, LAST + 1)]).to.deep.equal([null, null])
  })
})
