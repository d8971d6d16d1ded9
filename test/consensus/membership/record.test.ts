import { expect } from 'chai'
import { RECORD_KINDS, RECORD_LIMIT_BYTES } from '../../../consensus/chain/constants.ts'
import { recordKind } from '../../../consensus/chain/records.ts'
import { type ChangesRecord, decodeRecord, encodeRecord, verifyRecord } from '../../../consensus/membership/index.ts'
import { encode } from '../../../protocols/wire/cbor.ts'
import { seal } from '../../../protocols/wire/envelope.ts'
import { smallHash } from '../../../protocols/wire/hash.ts'
import type { Change, Outcome, Value } from '../../../protocols/wire/messages.ts'
import { isRefusal } from '../../../protocols/wire/refusals.ts'
import { hashOf, outcomeOf, roundValue, SCOPE, type Seat, seatsOf } from '../../protocols/wire/samples.ts'

const OTHER_RUN = `${SCOPE.run.slice(0, -1)}a`

describe('the record of changes', () => {
  let seats: readonly Seat[]
  let changes: readonly Change[]
  let value: Value
  let record: ChangesRecord
  const group = () => ({ seats: seats.map(({ name }) => name), quorum: 3, groupHash: SCOPE.group })

  const signed = (outcome: (index: number) => Outcome, signers = [0, 1, 2]): Promise<Uint8Array[]> =>
    Promise.all(signers.map(async index => (await seal(outcome(index), seats[index]!.key)).envelope))
  const outcomesOf = (of: Value): Promise<Uint8Array[]> =>
    signed(index => ({ ...outcomeOf(of), heard: Uint8Array.of(index + 1) }))
  const reason = async (changed: Partial<ChangesRecord>, other = {}): Promise<string | null> => {
    const result = await verifyRecord({ ...record, ...changed }, { ...group(), ...other })
    return isRefusal(result) ? result.refused : null
  }

  before(async () => {
    seats = await seatsOf(4)
    changes = [{ peer: seats[3]!.name, act: 'remove-absent' }]
    value = { ...roundValue(seats.slice(0, 3).map(({ name }) => name)), changes }
    record = { value, outcomes: await outcomesOf(value) }
  })

  it('comes back from its bytes, begins as the chain expects, and says what was decided', async () => {
    const bytes = encodeRecord(record)
    expect(recordKind(bytes, SCOPE.run)).to.equal('changes')
    const decoded = decodeRecord(bytes, SCOPE.run)
    expect(decoded).to.deep.equal(record)
    const { stage, round, epoch } = SCOPE
    expect(await verifyRecord(decoded as ChangesRecord, group())).to.deep.equal({ stage, round, epoch, changes })
  })

  it('counts for a round that was skipped too', async () => {
    const skipped: Value = { ...value, commits: 'skip' }
    const outcomes = await signed(() => ({ ...outcomeOf(skipped), aggregateRoot: new Uint8Array(32) }))
    expect(await reason({ value: skipped, outcomes })).to.equal(null)
  })

  it('is refused of another run, in another encoding, beyond its limit, or with unsorted changes', () => {
    const refusal = (bytes: Uint8Array, run = SCOPE.run): string | null => {
      const result = decodeRecord(bytes, run)
      return isRefusal(result) ? result.refused : null
    }
    const fields = { kind: RECORD_KINDS.changes, run: SCOPE.run, ...record }
    expect(refusal(encodeRecord(record), OTHER_RUN)).to.equal('wrong-run')
    expect(refusal(encode({ ...fields, run: OTHER_RUN }), OTHER_RUN)).to.equal('wrong-run')
    expect(refusal(encode({ ...fields, kind: 'swarm-node/changes/2' }))).to.equal('out-of-bounds')
    expect(refusal(encode({ ...fields, more: 1 }))).to.equal('out-of-bounds')
    expect(refusal(new Uint8Array(RECORD_LIMIT_BYTES + 1))).to.equal('too-large')
    expect(refusal(encodeRecord(record).subarray(1))).to.equal('bad-encoding')
    const twice = [...changes, ...changes]
    expect(refusal(encodeRecord({ ...record, value: { ...value, changes: twice } }))).to.equal('out-of-bounds')
  })

  it('is refused where it was not certified by Q seats of the group', async () => {
    const { outcomes } = record
    expect(await reason({ outcomes: outcomes.slice(1) })).to.equal('out-of-bounds')
    expect(await reason({ outcomes: [outcomes[1]!, outcomes[1]!, outcomes[2]!] })).to.equal('out-of-bounds')
    expect(await reason({}, { groupHash: hashOf('other') })).to.equal('wrong-group')
    expect(await reason({}, { seats: group().seats.slice(1) })).to.equal('no-seat')
  })

  it('is refused where the changes are not those that the outcomes are of, or where there are none', async () => {
    const forged: Value = { ...value, changes: [{ peer: seats[0]!.name, act: 'remove-proven' }] }
    expect(await reason({ value: forged })).to.equal('wrong-hash')
    const none = roundValue(seats.slice(0, 3).map(({ name }) => name))
    expect(await reason({ value: none, outcomes: await outcomesOf(none) })).to.equal('out-of-bounds')
    const other = await signed(index => ({ ...outcomeOf(value), state: hashOf(`state ${index}`) }))
    expect(await reason({ outcomes: other })).to.equal('contradiction')
  })

  it('fits its limit for a full stage whose seats are all sealed and all changed', async () => {
    const peers = Array.from({ length: 256 }, (_, index) => `${seats[0]!.name.slice(0, -2)}${PAIRS[index]}`)
    const scope = { ...SCOPE, epoch: 2 ** 40, round: 2 ** 40, stage: 1023 }
    const full: Value = {
      ...value,
      scope,
      reference: { height: 2 ** 40, hash: hashOf('block') },
      commits: peers.map(author => ({ author, root: hashOf(author) })),
      changes: peers.map(peer => ({ peer, act: 'remove-absent' })),
    }
    const outcome = { ...outcomeOf(full), scope, fullRoot: smallHash(new Uint8Array()), heard: new Uint8Array(32) }
    const [envelope] = await signed(() => outcome, [0])
    const bytes = encodeRecord({ value: full, outcomes: Array.from({ length: 171 }, () => envelope!) })
    expect(bytes.length).to.be.within(RECORD_LIMIT_BYTES * 0.8, RECORD_LIMIT_BYTES)
    expect(isRefusal(decodeRecord(bytes, SCOPE.run))).to.equal(false)
  })
})

/** 256 endings of a name in base58, sorted. */
const DIGITS = [...'123456789ABCDEFGH']
const PAIRS = DIGITS.flatMap(first => DIGITS.map(second => first + second))
