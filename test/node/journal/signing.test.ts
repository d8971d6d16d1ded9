import { expect } from 'chai'
import { type JournalConflict, JournalDamaged, SigningJournal } from '../../../node/journal/index.ts'
import type { Payload, Signed } from '../../../protocols/wire/messages.ts'
import { isRefusal } from '../../../protocols/wire/refusals.ts'
import { MemoryStorage } from './memory-storage.ts'
import { aggregate, hashOf, outcome, placeAt, prevote, RUN, SIGNER, scopeOf, seal } from './payloads.ts'

const FILE = 'signatures'

function open(storage: MemoryStorage, expectExisting = false): Promise<SigningJournal> {
  return SigningJournal.open({ storage, signer: SIGNER, seal, expectExisting })
}

function signed<P extends Payload>(result: Signed<P> | JournalConflict): Signed<P> {
  if (isRefusal(result)) throw new Error(result.detail ?? result.refused)
  return result
}

function refused(result: Signed | JournalConflict): string {
  return isRefusal(result) ? result.refused : 'signed'
}

describe('node/journal: signing', () => {
  it('gives the same envelope for the same payload and a conflict for another one of its slot', async () => {
    const journal = await open(new MemoryStorage())
    const first = signed(await journal.sign(prevote(1, 0, 5)))
    expect(signed(await journal.sign(prevote(1, 0, 5))).envelope).to.deep.equal(first.envelope)
    const conflict = await journal.sign(prevote(1, 0, 6))
    expect(conflict).to.include({ refused: 'contradiction' })
    expect(isRefusal(conflict) && conflict.envelope).to.deep.equal(first.envelope)
    expect(refused(await journal.sign(prevote(1, 1, 6)))).to.equal('signed')
  })

  it('refuses the later of two contradicting payloads that are asked for at once', async () => {
    const journal = await open(new MemoryStorage())
    const results = await Promise.all([journal.sign(prevote(1, 0, 5)), journal.sign(prevote(1, 0, 6))])
    expect(results.map(refused)).to.deep.equal(['signed', 'contradiction'])
  })

  it('refuses an outcome that differs only in who was heard', async () => {
    const journal = await open(new MemoryStorage())
    await journal.sign(outcome(1, 1))
    expect(refused(await journal.sign(outcome(1, 3)))).to.equal('contradiction')
  })

  it('remembers over a loss of power whatever it gave out', async () => {
    const storage = new MemoryStorage()
    const first = signed(await (await open(storage)).sign(prevote(1, 0, 5)))
    const journal = await open(storage.afterPowerLoss())
    expect(refused(await journal.sign(prevote(1, 0, 6)))).to.equal('contradiction')
    expect(await journal.envelopes(RUN, 0)).to.deep.equal([first.envelope])
  })

  it('gives nothing out before it is flushed', async () => {
    const storage = new MemoryStorage()
    const journal = await open(storage)
    let openGate = (): void => {}
    storage.gate = new Promise(resolve => {
      openGate = resolve
    })
    let given = false
    const asked = journal.sign(prevote(1, 0, 5)).then(() => {
      given = true
    })
    while (storage.flushes < 2) await new Promise(resolve => setImmediate(resolve))
    expect(given).to.equal(false)
    openGate()
    await asked
    expect(given).to.equal(true)
  })

  it('flushes all aggregates of a round and the lock beside them once', async () => {
    const storage = new MemoryStorage()
    const journal = await open(storage)
    const before = storage.flushes
    const payloads = Array.from({ length: 64 }, (_, partition) => aggregate(1, partition, 3))
    const results = await journal.signAll(payloads, [{ ...placeAt(1), name: 'lock', bytes: hashOf(1) }])
    expect(results.map(refused)).to.deep.equal(payloads.map(() => 'signed'))
    expect(storage.flushes - before).to.equal(1)
    const reopened = await open(storage.afterPowerLoss())
    expect(reopened.remembered().map(record => [record.name, record.round])).to.deep.equal([['lock', 1]])
  })

  it('lets signatures that are asked for during a flush share the next one', async () => {
    const storage = new MemoryStorage()
    const journal = await open(storage)
    const before = storage.flushes
    let openGate = (): void => {}
    storage.gate = new Promise(resolve => {
      openGate = resolve
    })
    const first = journal.sign(prevote(1, 0, 5))
    while (storage.flushes === before) await new Promise(resolve => setImmediate(resolve))
    const more = Array.from({ length: 20 }, (_, view) => journal.sign(prevote(1, view + 1, 5)))
    openGate()
    await Promise.all([first, ...more])
    expect(storage.flushes - before).to.equal(2)
  })

  it('signs other kinds without touching the disk', async () => {
    const storage = new MemoryStorage()
    const journal = await open(storage)
    const before = storage.files.get(FILE)!.length
    await journal.sign({ kind: 'idle', scope: scopeOf(1) })
    expect(storage.files.get(FILE)!.length).to.equal(before)
  })

  it('signs nothing more after the disk failed', async () => {
    const storage = new MemoryStorage()
    const journal = await open(storage)
    storage.failing = true
    const failures = await Promise.allSettled([journal.sign(prevote(1, 0, 5)), journal.sign(prevote(1, 0, 5))])
    expect(failures.map(failure => failure.status)).to.deep.equal(['rejected', 'rejected'])
    storage.failing = false
    const later = await Promise.allSettled([journal.sign(prevote(1, 1, 5))])
    expect(later[0]!.status).to.equal('rejected')
  })

  it('closes the rounds up to two before a decided one and drops what it held of them', async () => {
    const storage = new MemoryStorage()
    const journal = await open(storage)
    for (const round of [1, 2, 3]) {
      await journal.sign(prevote(round, 0, 5))
      await journal.commits.put(placeAt(round), hashOf(round))
    }
    await journal.decided(placeAt(3))
    expect(refused(await journal.sign(prevote(1, 9, 5)))).to.equal('stale-round')
    expect(refused(await journal.sign(prevote(2, 9, 5)))).to.equal('signed')
    expect(await journal.commits.get(placeAt(1))).to.equal(null)
    expect(await journal.commits.get(placeAt(2))).to.deep.equal(hashOf(2))
  })

  it('is damaged where several signatures are zeros, as each was flushed before the next', async () => {
    const storage = new MemoryStorage()
    const journal = await open(storage)
    const ends: number[] = []
    for (const view of [0, 1, 2]) {
      await journal.sign(prevote(1, view, 5))
      ends.push(storage.files.get('signatures')!.length)
    }
    const whole = storage.files.get('signatures')!
    storage.files.set('signatures', whole.slice().fill(0, ends[0]! + 60))
    expect(await open(storage).catch((error: unknown) => error)).to.be.instanceOf(JournalDamaged)
    // Only the last one may never have been flushed.
    storage.files.set('signatures', whole.slice().fill(0, ends[1]! + 60))
    expect(refused(await (await open(storage)).sign(prevote(1, 1, 6)))).to.equal('contradiction')
  })

  it('keeps the bytes of the own commit through a loss of power', async () => {
    const storage = new MemoryStorage()
    await (await open(storage)).commits.put(placeAt(1), hashOf(1))
    expect(await (await open(storage.afterPowerLoss())).commits.get(placeAt(1))).to.deep.equal(hashOf(1))
  })

  it('rewrites its file once enough was dropped, and still refuses what it signed and closed', async () => {
    const storage = new MemoryStorage()
    const journal = await open(storage)
    for (let round = 0; round < 40; round++) {
      await journal.signAll(
        Array.from({ length: 8 }, (_, partition) => aggregate(round, partition, 3)),
        [{ ...placeAt(round), name: 'lock', bytes: new Uint8Array(60_000) }],
      )
      await journal.decided(placeAt(round))
    }
    expect(storage.files.get(FILE)!.length).to.be.below(1_200_000)
    const reopened = await open(storage.afterPowerLoss())
    expect(refused(await reopened.sign(aggregate(39, 0, 4)))).to.equal('contradiction')
    expect(refused(await reopened.sign(aggregate(5, 0, 4)))).to.equal('stale-round')
  })

  it('may sign a lower round in a later epoch only', async () => {
    const journal = await open(new MemoryStorage())
    await journal.decided(placeAt(10, 0))
    expect(refused(await journal.sign(prevote(5, 0, 1, 0)))).to.equal('stale-round')
    expect(refused(await journal.sign(prevote(5, 0, 1, 1)))).to.equal('signed')
  })

  it('cuts an incomplete last record wherever it was interrupted', async () => {
    const storage = new MemoryStorage()
    const journal = await open(storage)
    await journal.sign(prevote(1, 0, 5))
    const before = storage.files.get(FILE)!.length
    await journal.sign(prevote(1, 1, 5))
    const whole = storage.files.get(FILE)!
    for (let length = before; length < whole.length; length += 7) {
      for (const tail of [0, whole.length - length]) {
        const torn = new MemoryStorage()
        torn.files.set(FILE, new Uint8Array([...whole.slice(0, length), ...new Uint8Array(tail)]))
        const reopened = await open(torn)
        expect(torn.files.get(FILE)!.length).to.equal(before)
        expect(refused(await reopened.sign(prevote(1, 0, 6)))).to.equal('contradiction')
        expect(refused(await reopened.sign(prevote(1, 1, 6)))).to.equal('signed')
      }
    }
  })

  it('reports any flipped bit as damage', async () => {
    const storage = new MemoryStorage()
    const journal = await open(storage)
    await journal.sign(prevote(1, 0, 5))
    await journal.sign(prevote(1, 1, 5))
    const whole = storage.files.get(FILE)!
    for (let offset = 0; offset < whole.length; offset++) {
      const damaged = new MemoryStorage()
      damaged.files.set(FILE, whole.slice())
      damaged.flipBit(FILE, offset)
      const error = await open(damaged).then(
        () => null,
        (error: unknown) => error,
      )
      expect(error, `byte ${offset}`).to.be.instanceOf(JournalDamaged)
    }
  })

  it('does not open the journal of another peer', async () => {
    const storage = new MemoryStorage()
    await open(storage)
    const other = SigningJournal.open({ storage, signer: `${SIGNER}x`, seal, expectExisting: true })
    expect(await other.catch((error: unknown) => error)).to.be.instanceOf(JournalDamaged)
  })

  it('signs nothing where the file is missing though the peer has voted, until told from which round on', async () => {
    const storage = new MemoryStorage()
    const journal = await open(storage, true)
    const view = { run: RUN, stage: 0, lastFinalRound: null, shown: [] }
    expect(journal.isStale(view)).to.equal('missing')
    expect(refused(await journal.sign(prevote(7, 0, 5)))).to.equal('not-allowed')
    expect((await open(storage.afterPowerLoss(), true)).suspended).to.equal('missing')
    await journal.resume(placeAt(8))
    expect(journal.isStale(view)).to.equal(null)
    expect(refused(await journal.sign(prevote(7, 0, 5)))).to.equal('stale-round')
    expect(refused(await journal.sign(prevote(8, 0, 5)))).to.equal('signed')
  })

  it('is stale behind the last final anchor, and where a sibling shows a signature that it does not know', async () => {
    const journal = await open(new MemoryStorage())
    const known = signed(await journal.sign(prevote(4, 0, 5)))
    const view = { run: RUN, stage: 0, lastFinalRound: 4, shown: [known] }
    expect(journal.isStale(view)).to.equal(null)
    expect(journal.isStale({ ...view, lastFinalRound: 5 })).to.equal('behind-anchor')
    const unknown = { ...known, payload: prevote(4, 1, 5) }
    expect(journal.isStale({ ...view, shown: [unknown] })).to.equal('unknown-signature')
    expect(journal.isStale({ ...view, shown: [{ ...unknown, signer: 'another' }] })).to.equal(null)
    await journal.suspend('behind-anchor')
    expect(refused(await journal.sign(prevote(5, 0, 5)))).to.equal('not-allowed')
  })

  it('refuses beyond its limits', async () => {
    const journal = await open(new MemoryStorage())
    const tooMany = Array.from({ length: 257 }, (_, index) => ({
      ...placeAt(1),
      name: `lock ${index}`,
      bytes: hashOf(1),
    }))
    const tooLong = [{ ...placeAt(1), name: 'lock', bytes: new Uint8Array(600 * 1024) }]
    for (const records of [tooMany, tooLong]) {
      expect(await journal.remember(records).catch((error: unknown) => error)).to.be.instanceOf(RangeError)
    }
  })
})
