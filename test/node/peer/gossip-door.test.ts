import { expect } from 'chai'
import { digestOf } from '../../../node/peer/digest.ts'
import { GossipDoor, type GossipDoorInit } from '../../../node/peer/gossip-door.ts'
import { RoundInbox } from '../../../node/peer/round-inbox.ts'
import type { Run } from '../../../node/run/folder.ts'
import { type Announcement, type Gossip, MESSAGE_MAX_BYTES } from '../../../protocols/gossip/index.ts'
import type { CertificateCheck, State } from '../../../protocols/state/index.ts'
import { decodeStrict } from '../../../protocols/wire/cbor.ts'
import type { Settled, Signed } from '../../../protocols/wire/messages.ts'
import { isRefusal, refuse } from '../../../protocols/wire/refusals.ts'
import { VirtualClock } from '../../protocols/discovery/virtual-clock.ts'
import { SCOPE } from '../../protocols/wire/samples.ts'

const STAGE = 1
const ROUND = 17
const SOURCES = ['a', 'b', 'c', 'd']
const BATCH = { sequences: 1, target: 20, slack: 1.5 }
const LONG = new Uint8Array(MESSAGE_MAX_BYTES + 1).fill(7)

function open({ known = false, round = ROUND }: { known?: boolean; round?: number } = {}) {
  const clock = new VirtualClock()
  const published: { kind: string; body: Uint8Array }[] = []
  const door = new GossipDoor({
    run: {
      id: SCOPE.run,
      manifest: { chain: { genesis: SCOPE.genesis }, batch: BATCH, replicas: SOURCES.length },
    } as Run,
    stage: STAGE,
    seats: () => SOURCES,
    inbox: new RoundInbox({ round, onLate: () => undefined, onAhead: () => undefined }),
    book: { has: async () => known } as Partial<GossipDoorInit['book']> as GossipDoorInit['book'],
    record: () => null,
    clock,
    digest: digestOf,
    signal: new AbortController().signal,
    onOwnStage: () => undefined,
    onWarning: message => expect.fail(message),
  })
  const gossip: Partial<Gossip> = {
    async publish(_, kind, body) {
      published.push({ kind, body })
      return 3
    },
  }
  door.connect(gossip as Gossip)
  return { door, clock, published }
}

/** A peer that answers with these bytes, whatever it is asked for. */
function givingBack(bytes: Uint8Array): Pick<State, 'certificates'> {
  return {
    async certificates(_: readonly string[], __: unknown, check: CertificateCheck) {
      return (await check([bytes])) ?? [bytes]
    },
  }
}

async function announced(): Promise<Announcement> {
  return { genesis: SCOPE.genesis, run: SCOPE.run, stage: STAGE, round: ROUND, hash: await digestOf(LONG) }
}

describe('a certificate that is longer than a gossip message', () => {
  it('is announced by its hash', async () => {
    const { door, clock, published } = open()
    const spread = [door.spread(LONG, 0, ROUND), door.spread(LONG.subarray(0, 9), 0, ROUND + 1)]
    await clock.advance(1)
    await Promise.all(spread)
    expect(published.map(({ kind }) => kind).toSorted()).to.deep.equal(['announced', 'certificate'])
    const body = published.find(({ kind }) => kind === 'announced')?.body ?? new Uint8Array()
    expect(decodeStrict(body, { maxBytes: 1024 })).to.deep.equal(await announced())
  })

  it('is fetched at once from the peer that passed the announcement on, whatever the round does', async () => {
    const { door } = open()
    const context = { stage: STAGE, from: 'neighbour' }
    expect(await door.policy.announced(await announced(), context)).to.include({ refused: 'overloaded' })
    door.fetchBy(givingBack(LONG))
    expect(await door.policy.announced(await announced(), context)).to.equal(LONG)
  })

  it('is not asked for where it is known, and not taken where it is another', async () => {
    const context = { stage: STAGE, from: 'neighbour' }
    const { door } = open({ known: true })
    door.fetchBy({ certificates: () => expect.fail('asked') })
    expect(await door.policy.announced(await announced(), context)).to.include({ refused: 'duplicate' })
    const other = open().door
    other.fetchBy(givingBack(Uint8Array.of(1)))
    expect(await other.policy.announced(await announced(), context)).to.include({ refused: 'wrong-hash' })
    other.fetchBy({ certificates: async () => refuse('timed-out') })
    expect(await other.policy.announced(await announced(), context)).to.include({ refused: 'unknown-item' })
  })

  it('is fetched by a few at a time', async () => {
    const { door } = open()
    door.fetchBy({ certificates: () => new Promise(() => undefined) })
    const context = { stage: STAGE, from: 'neighbour' }
    for (let fetch = 0; fetch < 4; fetch++) void door.policy.announced(await announced(), context)
    const answer = await Promise.race([door.policy.announced(await announced(), context), undefined])
    expect(answer === undefined ? null : isRefusal(answer) && answer.refused).to.equal('overloaded')
  })
})

describe('a close that gossip brings', () => {
  /** What sources settled, each so much. */
  const bundle = (round: number, ...counts: readonly number[]): Signed<Settled>[] =>
    counts.map((count, at) => ({
      signer: SOURCES[at]!,
      envelope: new Uint8Array(),
      payload: { kind: 'settled', scope: { ...SCOPE, stage: 0, round }, count, root: new Uint8Array(32) },
    }))

  it('is taken where it reaches the target of its round, which is smaller in the first ones', () => {
    const context = { stage: 0, from: 'neighbour' }
    const first = open({ round: 1 }).door.policy
    expect(first.close(bundle(1, 2, 2, 2, 2), context)).to.equal(null)
    expect(first.close(bundle(1, 2, 2, 2), context)).to.include({ refused: 'out-of-bounds' })
    const later = open().door.policy
    expect(later.close(bundle(ROUND, 2, 2, 2, 2), context)).to.include({ refused: 'out-of-bounds' })
    expect(later.close(bundle(ROUND, 5, 5, 5, 5), context)).to.equal(null)
  })
})
