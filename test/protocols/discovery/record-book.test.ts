import { expect } from 'chai'
import fc from 'fast-check'
import { FOREIGN_KEYS_MAX, RECORD_MAX_BYTES, RECORDS_MAX } from '../../../protocols/discovery/constants.ts'
import { recordBook } from '../../../protocols/discovery/index.ts'
import { decodeKey, encodeKey, stageCid } from '../../../protocols/discovery/keys.ts'
import type { RefusalReason } from '../../../protocols/wire/refusals.ts'
import { codecOf, envelopeOf, name, OTHER_RUN, RUN, record, seatsOf } from './world.ts'

const make = (seats = seatsOf([name(0), name(1)], [name(2)])) => {
  const refused: RefusalReason[] = []
  const book = recordBook({
    run: RUN,
    stages: 2,
    seats,
    codec: codecOf(name(0)),
    onRefused: reason => refused.push(reason),
  })
  return { book, refused }
}

const failure = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => '',
    error => error.message,
  )

describe('RecordBook', () => {
  it('keeps the record with the highest sequence, whatever the order of arrival', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(20), { minLength: 1, maxLength: 20 }), async sequences => {
        const { book } = make()
        for (const sequence of sequences) await book.admit(envelopeOf(name(0), record(sequence)), null)
        expect(book.recordOf(name(0), 0)?.payload.sequence).to.equal(Math.max(...sequences))
        expect(book.size).to.equal(1)
      }),
    )
  })

  it('tells its subscribers of new and newer records only', async () => {
    const { book } = make()
    const told: number[] = []
    const unsubscribe = book.subscribe(({ payload }) => told.push(payload.sequence))
    for (const sequence of [1, 1, 3, 2]) await book.admit(envelopeOf(name(0), record(sequence)), null)
    unsubscribe()
    await book.admit(envelopeOf(name(0), record(4)), null)
    expect(told).to.deep.equal([1, 3])
  })

  for (const [what, envelope, reason] of [
    ['an older record', envelopeOf(name(0), record(4)), 'stale-record'],
    ['another record with the same sequence', envelopeOf(name(0), record(5, { ephemeral: true })), 'contradiction'],
    ['a record of another run', envelopeOf(name(0), record(9, { run: OTHER_RUN })), 'wrong-run'],
    ['a record of a stage the run does not have', envelopeOf(name(0), record(9, { stage: 2 })), 'wrong-stage'],
    ['a forged record', Uint8Array.of(1, 2, 3), 'bad-signature'],
    ['a record that is too long', new Uint8Array(RECORD_MAX_BYTES + 1), 'too-large'],
  ] as const) {
    it(`refuses and counts ${what}`, async () => {
      const { book, refused } = make()
      await book.admit(envelopeOf(name(0), record(5)), null)
      expect(await book.admit(envelope, name(3))).to.have.property('refused', reason)
      expect(refused).to.deep.equal([reason])
      expect(book.recordOf(name(0), 0)?.payload.sequence).to.equal(5)
    })
  }

  it('lists seats only, newest first', async () => {
    const { book } = make()
    for (const signer of [0, 1, 5]) await book.admit(envelopeOf(name(signer), record(1)), null)
    expect(book.peersOf(0).map(({ signer }) => signer)).to.deep.equal([name(1), name(0)])
    expect(book.select(null, 9).map(({ signer }) => signer)).to.deep.equal([name(1), name(0), name(5)])
    expect(book.select(null, 1)).to.have.length(1)
    expect(book.select(1, 9)).to.deep.equal([])
  })

  it('is bounded: when full a seat takes the place of a stranger, and no stranger gets in', async () => {
    const { book } = make()
    for (let index = 0; index < RECORDS_MAX; index++) await book.admit(envelopeOf(`stranger${index}`, record(1)), null)
    expect(await book.admit(envelopeOf('one more', record(1)), null)).to.have.property('refused', 'overloaded')
    expect(await book.admit(envelopeOf(name(0), record(1)), null)).to.have.property('outcome', 'new')
    expect(book.size).to.equal(RECORDS_MAX)
    expect(book.recordOf('stranger0', 0)).to.equal(null)
    expect(book.recordOf(name(0), 0)).to.not.equal(null)
  })

  it('gives its records to storage and takes them back, and refuses what is older than those', async () => {
    const { book } = make()
    await book.admit(envelopeOf(name(0), record(7)), null)
    await book.admit(envelopeOf(name(2), record(3, { stage: 1 })), null)
    const { book: restarted } = make()
    expect(await restarted.import(book.export())).to.equal(2)
    expect(await restarted.admit(envelopeOf(name(0), record(6)), null)).to.have.property('refused', 'stale-record')
  })

  it('takes nothing from damaged storage', async () => {
    const { book } = make()
    expect(await book.import(Uint8Array.of(0x82, 0x41))).to.equal(0)
  })
})

describe('the DHT’s validator and selector', () => {
  const key = (peer: string, stage = 0, run = RUN): Uint8Array => encodeKey({ run, stage, peer })

  it('takes a record under its own key, again and again, and refuses the rollback', async () => {
    const { book } = make()
    const { validate } = book.rules
    await validate(key(name(0)), envelopeOf(name(0), record(2)))
    await validate(key(name(0)), envelopeOf(name(0), record(2)))
    await validate(key(name(0)), envelopeOf(name(0), record(3)))
    expect(await failure(validate(key(name(0)), envelopeOf(name(0), record(2))))).to.match(/^stale-record/)
  })

  for (const [what, at] of [
    ['another peer', key(name(1))],
    ['another stage', key(name(0), 1)],
  ] as const) {
    it(`refuses a record under the key of ${what}`, async () => {
      const { book } = make()
      expect(await failure(book.validate(at, envelopeOf(name(0), record(2))))).to.match(/^not-allowed/)
    })
  }

  it('refuses a key that it cannot read', async () => {
    const { book } = make()
    expect(await failure(book.validate(new TextEncoder().encode('/swarm-node/x'), new Uint8Array(1)))).to.match(
      /^bad-enc/,
    )
  })

  it('stores for other runs of the same DHT: newest only, and a bounded number', async () => {
    const { book } = make()
    const foreign = (peer: string, sequence: number): Promise<void> =>
      book.validate(key(peer, 0, OTHER_RUN), envelopeOf(peer, record(sequence, { run: OTHER_RUN })))
    await foreign('peer0', 2)
    await foreign('peer0', 2)
    expect(await failure(foreign('peer0', 1))).to.match(/^stale-record/)
    for (let index = 1; index < FOREIGN_KEYS_MAX; index++) await foreign(`peer${index}`, 1)
    expect(await failure(foreign('one more', 1))).to.not.equal('')
    expect(await failure(foreign('onemore', 1))).to.match(/^overloaded/)
    expect(book.size).to.equal(0)
  })

  it('selects the highest sequence among what can be read', async () => {
    const { book } = make()
    const values = [
      Uint8Array.of(9),
      envelopeOf(name(0), record(1)),
      envelopeOf(name(0), record(4)),
      envelopeOf(name(0), record(2)),
    ]
    expect(await book.rules.select(key(name(0)), values)).to.equal(2)
    expect(await book.rules.select(key(name(0)), [Uint8Array.of(9)])).to.equal(0)
  })
})

describe('keys', () => {
  it('reads back what it writes', () => {
    fc.assert(
      fc.property(fc.nat(63), fc.constantFrom(name(0), name(1)), (stage, peer) => {
        expect(decodeKey(encodeKey({ run: RUN, stage, peer }))).to.deep.equal({ run: RUN, stage, peer })
      }),
    )
  })

  for (const text of [
    '',
    '/swarm-node',
    '/swarm-node/r/01/p',
    '/swarm-node/r/0/p/x',
    '/other/r/0/p',
    '/swarm-node/r/-1/p',
  ]) {
    it(`takes '${text}' for no key`, () => expect(decodeKey(new TextEncoder().encode(text))).to.equal(null))
  }

  it('gives each stage of each run its own content id', () => {
    const cids = [stageCid(RUN, 0), stageCid(RUN, 1), stageCid(OTHER_RUN, 0)].map(cid => cid.toString())
    expect(new Set(cids).size).to.equal(3)
  })
})
