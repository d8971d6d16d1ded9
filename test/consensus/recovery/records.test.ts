import { expect } from 'chai'
import { RECORD_KINDS, RECORD_LIMIT_BYTES } from '../../../consensus/chain/constants.ts'
import { recordKind } from '../../../consensus/chain/records.ts'
import {
  decodeStageRecord,
  encodeCheckpoint,
  encodeClaim,
  encodeRenewal,
  verifyShown,
} from '../../../consensus/recovery/index.ts'
import { encode } from '../../../protocols/wire/cbor.ts'
import { outcomeHash, type ValueWithOutcomes } from '../../../protocols/wire/certificate.ts'
import { seal } from '../../../protocols/wire/envelope.ts'
import { hashValue } from '../../../protocols/wire/hash.ts'
import { isRefusal } from '../../../protocols/wire/refusals.ts'
import { outcomeOf, roundValue, SCOPE, type Seat, seatsOf } from '../../protocols/wire/samples.ts'

const { run, stage, round, epoch } = SCOPE
const OTHER_RUN = `${run.slice(0, -1)}a`

describe('renewals and claims', () => {
  let seats: readonly Seat[]
  let newest: ValueWithOutcomes
  const refusal = (bytes: Uint8Array, of = run): string | null => {
    const decoded = decodeStageRecord(bytes, of)
    return isRefusal(decoded) ? decoded.refused : null
  }

  before(async () => {
    seats = await seatsOf(4)
    const value = roundValue(seats.slice(0, 3).map(({ name }) => name))
    const outcomes = await Promise.all(seats.slice(0, 3).map(async ({ key }) => seal(outcomeOf(value), key)))
    newest = { value, outcomes: outcomes.map(({ envelope }) => envelope) }
  })

  it('come back from their bytes, and begin as the chain expects', () => {
    const renewal = encodeRenewal(newest)
    expect(recordKind(renewal, run)).to.equal('renewal')
    expect(decodeStageRecord(renewal, run)).to.deep.equal({ kind: 'renewal', stage, shown: newest })
    const checkpoint = encodeCheckpoint(newest)
    expect(recordKind(checkpoint, run)).to.equal('checkpoint')
    expect(decodeStageRecord(checkpoint, run)).to.deep.equal({ kind: 'checkpoint', stage, shown: newest })
    for (const claim of [
      { stage, holds: true, newest },
      { stage: 3, holds: false, newest: null },
    ]) {
      const bytes = encodeClaim(run, claim)
      expect(recordKind(bytes, run)).to.equal('claim')
      expect(decodeStageRecord(bytes, run)).to.deep.equal({ kind: 'claim', ...claim })
    }
  })

  it('show a round where Q seats of its group certified it, and what it builds on', async () => {
    const group = { seats: seats.map(({ name }) => name), quorum: 3, groupHash: SCOPE.group }
    const { parent, reference } = newest.value
    expect(await verifyShown(newest, group)).to.deep.equal({
      ...{ round, epoch, parent, referenceHeight: reference.height },
      value: hashValue(newest.value),
      outcome: outcomeHash(outcomeOf(newest.value)),
      isCheckpoint: outcomeOf(newest.value).fullRoot !== null,
    })
    const fewer = await verifyShown({ ...newest, outcomes: newest.outcomes.slice(1) }, group)
    expect(isRefusal(fewer)).to.equal(true)
  })

  it('are refused of another run or stage, of another kind, or beyond their limit', () => {
    expect(refusal(encodeRenewal(newest), OTHER_RUN)).to.equal('wrong-run')
    expect(refusal(encodeClaim(OTHER_RUN, { stage, holds: true, newest }), OTHER_RUN)).to.equal('wrong-run')
    expect(refusal(encodeCheckpoint(newest), OTHER_RUN)).to.equal('wrong-run')
    expect(refusal(encodeClaim(run, { stage: stage + 1, holds: true, newest }))).to.equal('wrong-stage')
    expect(refusal(encode({ kind: RECORD_KINDS.changes, run, ...newest }))).to.equal('out-of-bounds')
    expect(refusal(new Uint8Array(RECORD_LIMIT_BYTES + 1))).to.equal('too-large')
  })
})
