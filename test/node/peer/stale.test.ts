import type { Ed25519PrivateKey } from '@libp2p/interface'
import { expect } from 'chai'
import { SigningJournal } from '../../../node/journal/index.ts'
import { suspendIfStale } from '../../../node/peer/stale.ts'
import { seal } from '../../../protocols/wire/envelope.ts'
import type { Payload } from '../../../protocols/wire/messages.ts'
import { type Refusal, refuse } from '../../../protocols/wire/refusals.ts'
import { VirtualClock } from '../../protocols/discovery/virtual-clock.ts'
import { SCOPE, type Seat, samplePayloads, seatsOf } from '../../protocols/wire/samples.ts'
import { MemoryStorage } from '../journal/memory-storage.ts'

type Shows = (peer: string, signal: AbortSignal | undefined) => Promise<readonly Uint8Array[] | Refusal>

describe('a journal at start', () => {
  let self: Seat
  let storage: MemoryStorage
  let journal: SigningJournal

  const open = () =>
    SigningJournal.open({
      storage,
      signer: self.name,
      seal: payload => seal(payload, self.key as Ed25519PrivateKey),
      expectExisting: false,
    })

  before(async () => {
    const [first] = await seatsOf(4)
    self = first!
  })
  beforeEach(async () => {
    storage = new MemoryStorage()
    journal = await open()
  })

  function check(shows: Shows, clock = new VirtualClock()): Promise<string | null> {
    return suspendIfStale({
      run: SCOPE.run,
      stage: SCOPE.stage,
      // No anchor yet: what the chain knows says nothing.
      lastFinalRound: null,
      reformed: null,
      journal,
      agreement: { requestSignatures: (peer, options) => shows(peer, options?.signal) },
      siblings: ['honest', 'other'],
      clock,
      signal: new AbortController().signal,
    })
  }

  const sign = async (payload: Payload): Promise<Uint8Array> => (await seal(payload, self.key)).envelope

  it('signs on where siblings show what it knows', async () => {
    const { prevote } = samplePayloads(self.name)
    await journal.sign(prevote)
    const envelope = await sign(prevote)
    expect(await check(async () => [envelope])).to.equal(null)
    expect(journal.suspended).to.equal(null)
  })

  it('is suspended, also after a restart, where one sibling shows a signature that it lacks', async () => {
    const { prevote } = samplePayloads(self.name)
    await journal.sign(prevote)
    const later = await sign({ ...prevote, view: prevote.view + 1 })
    expect(await check(async peer => (peer === 'honest' ? [later] : refuse('unreachable')))).to.equal(
      'unknown-signature',
    )
    expect(await journal.sign({ ...prevote, view: prevote.view + 2 })).to.include({ refused: 'not-allowed' })
    journal = await open()
    expect(journal.suspended).to.equal('unknown-signature')
  })

  it('is not suspended by what others signed, or forged', async () => {
    const { prevote } = samplePayloads(self.name)
    const forged = (await sign(prevote)).slice()
    forged[forged.length - 1]! ^= 1
    const [, stranger] = await seatsOf(4)
    const foreign = (await seal(prevote, stranger!.key)).envelope
    expect(await check(async () => [forged, foreign, Uint8Array.of(1)])).to.equal(null)
  })

  it('does not wait for long for a sibling that hangs', async () => {
    const clock = new VirtualClock()
    const hung: Shows = (_, signal) =>
      new Promise(resolve => signal?.addEventListener('abort', () => resolve(refuse('aborted'))))
    const checked = check(hung, clock)
    await clock.advance(3_000)
    expect(await checked).to.equal(null)
    expect(clock.timers).to.equal(0)
  })
})
