import type { Ed25519PrivateKey } from '@libp2p/interface'
import { expect } from 'chai'
import { setBit } from '../../../consensus/round/availability.ts'
import { SigningJournal } from '../../../node/journal/index.ts'
import { KeyWatch, ROUNDS_AWAY_MAX, signedElsewhere } from '../../../node/peer/key-watch.ts'
import { seal } from '../../../protocols/wire/envelope.ts'
import type { Commit, Outcome, Payload, Signed, Value } from '../../../protocols/wire/messages.ts'
import { commitOf, outcomeOf, roundValue, SCOPE, type Seat, seatsOf } from '../../protocols/wire/samples.ts'
import { MemoryStorage } from '../journal/memory-storage.ts'

const SEAT = 3
const { run, stage, epoch } = SCOPE

/** The key's two machines are `here` and `there`: a journal for each. */
describe('two machines with one key', () => {
  let seats: Seat[]
  let self: Seat
  let storage: MemoryStorage
  let here: SigningJournal
  let there: SigningJournal
  let told: (string | number)[]
  let watch: KeyWatch
  /** What chance says next. */
  let drawn: number

  const open = (disk: MemoryStorage): Promise<SigningJournal> =>
    SigningJournal.open({
      storage: disk,
      signer: self.name,
      seal: payload => seal(payload, self.key as Ed25519PrivateKey),
      expectExisting: false,
    })
  const watching = (journal: SigningJournal): KeyWatch =>
    new KeyWatch({
      self: self.name,
      journal,
      random: () => drawn,
      reporter: { suspended: reason => told.push(reason), resumed: round => told.push(round) },
    })

  before(async () => {
    seats = await seatsOf(4)
    self = seats[SEAT]!
  })
  beforeEach(async () => {
    told = []
    drawn = 0
    storage = new MemoryStorage()
    here = await open(storage)
    there = await open(new MemoryStorage())
    watch = watching(here)
    watch.begin(0)
  })

  const at = (round: number): typeof SCOPE => ({ ...SCOPE, round })
  const commit = (round: number, tokens: number): Commit => ({ ...commitOf(self.name), scope: at(round), tokens })
  const outcome = (round: number, heard = 1): Outcome => ({
    ...outcomeOf(roundValue([])),
    scope: at(round),
    heard: Uint8Array.of(heard),
  })
  const by = async <P extends Payload>(journal: SigningJournal, payload: P): Promise<Signed<P>> => {
    const signed = await journal.sign(payload)
    if ('refused' in signed) throw new Error(signed.detail)
    return signed
  }
  interface Made {
    readonly value: Value
    readonly signers: readonly string[]
    readonly outcomes: readonly Signed<Outcome>[]
    readonly commits: readonly Signed<Commit>[]
  }
  /** Signed by the other three, and by what is given of the key. @param heardBy - how many of them heard it */
  async function certificate(round: number, of: Partial<Pick<Made, 'outcomes' | 'commits'>> = {}, heardBy = 0) {
    const others = await Promise.all(
      seats.slice(0, SEAT).map(async (seat, index) => {
        const heard = Uint8Array.of(0)
        if (index < heardBy) setBit(heard, SEAT)
        return seal({ ...outcome(round), heard }, seat.key)
      }),
    )
    const outcomes = [...others, ...(of.outcomes ?? [])]
    const value = { ...roundValue([]), scope: at(round) }
    return { value, signers: outcomes.map(({ signer }) => signer), outcomes, commits: of.commits ?? [] }
  }
  const group = { seats: [] as { peer: string; stake: bigint }[], faults: 1 }
  /** As a round ends in the replica. */
  async function end(machine: KeyWatch, made: Made): Promise<void> {
    group.seats = seats.map(({ name }) => ({ peer: name, stake: 1n }))
    await machine.learned(made)
    await machine.ended(made, group, { run, stage, epoch, round: made.value.scope.round + 1 })
  }

  it('are found out by an outcome that the journal here lacks, and this one signs nothing then, also after a restart', async () => {
    await by(here, commit(5, 100))
    await watch.learned(await certificate(5, { outcomes: [await by(there, outcome(5))] }))
    expect(told).to.deep.equal(['second-machine'])
    expect(await here.sign(commit(6, 100))).to.include({ refused: 'not-allowed' })
    expect((await open(storage)).suspended).to.equal('second-machine')
  })

  it('are found out by a sealed commitment of the other, and by an outcome of what this one signed otherwise', async () => {
    await by(here, commit(5, 100))
    const { outcomes, commits } = await certificate(5, { commits: [await by(there, commit(5, 200))] })
    expect(signedElsewhere({ outcomes, commits }, here)?.payload.kind).to.equal('commit')
    await by(here, outcome(5, 1))
    const heardOthers = await certificate(5, { outcomes: [await by(there, outcome(5, 2))] })
    expect(signedElsewhere(heardOthers, here)?.payload.kind).to.equal('outcome')
  })

  it('are not found out by what this one signed, whoever shows it and however late, nor by what others signed', async () => {
    const commits = [await by(here, commit(5, 100))]
    const outcomes = [await by(here, outcome(5))]
    const made = await certificate(5, { outcomes, commits })
    await watch.learned(made)
    await here.decided({ run, stage, epoch, round: 40 })
    await watch.learned(made)
    // After a kill the journal has what was sent.
    const again = watching(await open(storage))
    again.begin(4)
    await again.learned(made)
    await again.learned(await certificate(6))
    expect(told).to.deep.equal([])
  })

  it('are not told by rounds of before the start, of which a lost or moved disk knows nothing', async () => {
    const [before, after] = await Promise.all(
      [20, 21].map(async round => certificate(round, { outcomes: [await by(there, outcome(round))] })),
    )
    const late = watching(here)
    await late.learned(before!)
    late.begin(20)
    await late.learned(before!)
    expect(told).to.deep.equal([])
    await late.learned(after!)
    expect(told).to.deep.equal(['second-machine'])
  })

  it('are told of once, as long as one of them follows', async () => {
    for (const round of [5, 6, 7])
      await end(watch, await certificate(round, { outcomes: [await by(there, outcome(round))] }))
    expect(told).to.deep.equal(['second-machine'])
  })

  it('are one again when the other is gone for as many rounds as were drawn', async () => {
    drawn = 0.999
    await end(watch, await certificate(5, { outcomes: [await by(there, outcome(5))] }))
    for (let round = 6; round < 5 + ROUNDS_AWAY_MAX; round++) await end(watch, await certificate(round))
    expect(told).to.deep.equal(['second-machine'])
    const last = 5 + ROUNDS_AWAY_MAX
    await end(watch, await certificate(last))
    expect(told).to.deep.equal(['second-machine', last + 1])
    expect(await here.sign(commit(last, 100))).to.include({ refused: 'stale-round' })
    expect(await here.sign(commit(last + 1, 100))).to.include({ signer: self.name })
  })

  it('are two as long as certificates tell of the other: rounds without it are counted anew', async () => {
    drawn = 2 / ROUNDS_AWAY_MAX
    await end(watch, await certificate(5, { outcomes: [await by(there, outcome(5))] }))
    await end(watch, await certificate(6))
    await end(watch, await certificate(7))
    await end(watch, await certificate(8, {}, group.faults + 1))
    for (const round of [9, 10]) await end(watch, await certificate(round))
    expect(told).to.deep.equal(['second-machine'])
    await end(watch, await certificate(11))
    expect(told).to.deep.equal(['second-machine', 12])
  })

  it('that found each other do not both come back: who drew fewer rounds signs, the other one sees it', async () => {
    const other = watching(there)
    other.begin(0)
    // A certificate with something of both.
    const commits = [await by(here, commit(5, 100))]
    const outcomes = [await by(there, outcome(5))]
    const mixed = await certificate(5, { outcomes, commits })
    await end(watch, mixed)
    await end(other, mixed)
    expect(told).to.deep.equal(['second-machine', 'second-machine'])
    const silent = await certificate(6)
    await end(watch, silent)
    drawn = 1 / ROUNDS_AWAY_MAX
    await end(other, silent)
    for (const round of [7, 8, 9]) {
      const made = await certificate(round, { outcomes: [await by(here, outcome(round))] })
      await end(watch, made)
      await end(other, made)
    }
    expect([here.suspended, there.suspended]).to.deep.equal([null, 'second-machine'])
  })

  it('leave a disk that was put back at one certificate, as before', async () => {
    drawn = 0.999
    await here.suspend('unknown-signature')
    await end(watch, await certificate(5))
    expect(told).to.deep.equal([6])
  })
})
