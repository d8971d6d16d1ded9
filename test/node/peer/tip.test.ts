import { expect } from 'chai'
import { nextState } from '../../../consensus/round/index.ts'
import { advanceTip, firstTip, pausesBefore, type Tip } from '../../../node/peer/tip.ts'
import { linkOf, outcomeHash, type VerifiedCertificate } from '../../../protocols/wire/certificate.ts'
import { hashValue } from '../../../protocols/wire/hash.ts'
import type { Hash } from '../../../protocols/wire/messages.ts'
import { isRefusal } from '../../../protocols/wire/refusals.ts'
import { hashOf, outcomeOf, roundValue, SCOPE } from '../../protocols/wire/samples.ts'
import { peer } from './messages.ts'

const MANIFEST = hashOf('manifest')
const START = { height: 10, hash: hashOf('block 10') }

interface Fields {
  readonly round?: number
  readonly aggregateRoot?: Hash
  readonly height?: number
  readonly state?: Hash
}

/** What follows the tip, unless told otherwise. */
function certificateAfter(tip: Tip, fields: Fields = {}): VerifiedCertificate {
  const { round = tip.round + 1, aggregateRoot = hashOf('aggregate'), height = 20 } = fields
  const reference = { height, hash: hashOf(`block ${height}`) }
  const value = { ...roundValue([peer(0)]), parent: tip.parent, reference, scope: { ...SCOPE, round } }
  const state = fields.state ?? nextState(tip.state, aggregateRoot, MANIFEST)
  const outcome = { ...outcomeOf(value), aggregateRoot, state }
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

function advanced(tip: Tip, certificate: VerifiedCertificate): Tip {
  const next = advanceTip(tip, certificate, MANIFEST)
  if (isRefusal(next)) throw new Error(next.detail)
  return next
}

describe('tip of the certified history', () => {
  const first = firstTip(hashOf('initial state'), START)

  it('begins at round 0 with the initial state, the start block and zero parents', () => {
    expect(first).to.deep.include({ round: 0, state: hashOf('initial state'), reference: START })
    expect(first.parent).to.deep.equal({ value: new Uint8Array(32), outcome: new Uint8Array(32) })
    expect(first.link).to.deep.equal(new Uint8Array(32))
  })

  it('remembers pauses for one epoch after that of their decision: the chain may show them too late', () => {
    const changes = [
      { peer: peer(1), act: 'pause' },
      { peer: peer(2), act: 'admit' },
    ] as const
    const inEpoch = (tip: Tip, epoch: number, decided: VerifiedCertificate['value']['changes'] = []): Tip => {
      const next = certificateAfter(tip)
      const value = { ...next.value, scope: { ...next.value.scope, epoch }, changes: decided }
      return advanced(tip, { ...next, value })
    }
    const deciding = inEpoch(inEpoch(first, 4), 4, changes)
    expect(pausesBefore(deciding, 4)).to.deep.equal([])
    expect(pausesBefore(deciding, 5)).to.deep.equal([peer(1)])
    const later = inEpoch(inEpoch(deciding, 5), 5)
    expect(later.decided).to.deep.equal([])
    expect(pausesBefore(later, 5)).to.deep.equal([peer(1)])
    expect(pausesBefore(later, 6)).to.deep.equal([])
    expect(pausesBefore(deciding, 6), 'an epoch without rounds').to.deep.equal([])
  })

  it('follows round by round: state, parent, link and reference are those of the certificate', () => {
    const one = certificateAfter(first)
    const tip = advanced(first, one)
    expect(tip.round).to.equal(1)
    expect(tip.state).to.deep.equal(nextState(first.state, hashOf('aggregate'), MANIFEST))
    expect(tip.parent).to.deep.equal({ value: one.valueId, outcome: one.outcomeHash })
    expect(tip.link).to.deep.equal(linkOf(first.link, one.valueId, one.outcomeHash))
    expect(tip.reference).to.deep.equal(one.value.reference)
    expect(advanced(tip, certificateAfter(tip)).round).to.equal(2)
  })

  it('keeps the state over a skipped round', () => {
    const skipped = certificateAfter(first, { aggregateRoot: new Uint8Array(32), state: first.state })
    expect(advanced(first, skipped).state).to.deep.equal(first.state)
    const changed = certificateAfter(first, { aggregateRoot: new Uint8Array(32), state: hashOf('another') })
    expect(advanceTip(first, changed, MANIFEST)).to.include({ refused: 'wrong-hash' })
  })

  it('does not follow a round that is over, one too far, a state that does not follow, or a reference that goes back', () => {
    const tip = advanced(first, certificateAfter(first))
    for (const [fields, refused] of [
      [{ round: 1 }, 'stale-round'],
      [{ round: 3 }, 'future-round'],
      [{ state: hashOf('another') }, 'wrong-hash'],
      [{ height: 19 }, 'out-of-bounds'],
    ] as const) {
      expect(advanceTip(tip, certificateAfter(tip, fields), MANIFEST)).to.include({ refused })
    }
  })
})
