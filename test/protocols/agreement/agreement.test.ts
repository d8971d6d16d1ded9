import { expect } from 'chai'
import { Agreement, type AgreementPolicy } from '../../../protocols/agreement/index.ts'
import { encode } from '../../../protocols/wire/cbor.ts'
import { encodeCertificate } from '../../../protocols/wire/certificate.ts'
import { seal } from '../../../protocols/wire/envelope.ts'
import type { Certificate, Payload, PeerName, Signed } from '../../../protocols/wire/messages.ts'
import { refuse } from '../../../protocols/wire/refusals.ts'
import { settle, VirtualClock } from '../discovery/virtual-clock.ts'
import { FakeNetwork, type FakeStreams } from '../fake-streams.ts'
import { commitOf, ROOT, SCOPE, type Seat, sampleCertificate, samplePayloads, seatsOf } from '../wire/samples.ts'

interface Peer {
  readonly agreement: Agreement
  readonly streams: FakeStreams
  readonly heard: { readonly from: PeerName; readonly signed: Signed; readonly attachments: readonly Signed[] }[]
  readonly certificates: { readonly certificate: Certificate; readonly hashes: readonly Uint8Array[] | null }[]
  readonly connections: string[]
  readonly refused: string[]
  readonly policy: { -readonly [K in keyof AgreementPolicy]: AgreementPolicy[K] }
}

describe('protocols/agreement', () => {
  let seats: Seat[]
  let network: FakeNetwork
  let clock: VirtualClock

  before(async () => {
    seats = await seatsOf(4)
  })

  beforeEach(() => {
    network = new FakeNetwork()
    clock = new VirtualClock()
  })

  function join(index: number): Peer {
    const self = seats[index]!.name
    const lists = { heard: [], certificates: [], connections: [], refused: [] } as Omit<
      Peer,
      'agreement' | 'streams' | 'policy'
    >
    const policy: Peer['policy'] = {
      admitPeer: () => null,
      admit: () => null,
      certificates: async () => [],
      commits: () => [],
      signatures: () => [],
    }
    const handlers = {
      message: (from: PeerName, signed: Signed, attachments: readonly Signed[]) =>
        lists.heard.push({ from, signed, attachments }),
      certificate: (_: PeerName, certificate: Certificate, hashes: readonly Uint8Array[] | null) =>
        lists.certificates.push({ certificate, hashes }),
      connection: (peer: PeerName, state: string) =>
        lists.connections.push(`${seats.findIndex(seat => seat.name === peer)} ${state}`),
      refused: (reason: string) => lists.refused.push(reason),
    }
    let streams: FakeStreams | null = null
    const openStreams: ConstructorParameters<typeof Agreement>[1]['openStreams'] = (streamHandlers, onRefusal) => {
      streams = network.streamsOf(self)(streamHandlers, onRefusal)
      return streams
    }
    const agreement = new Agreement({ policy, handlers }, { clock, openStreams })
    return { agreement, streams: streams!, policy, ...lists }
  }

  function say(index: number, payload: Payload): Promise<Signed> {
    return seal(payload, seats[index]!.key)
  }

  function nameOf(index: number): PeerName {
    return seats[index]!.name
  }

  it('hands over messages with the envelopes beside them, opened', async () => {
    const [alice, bob] = [join(0), join(1)]
    alice.agreement.setSiblings([nameOf(1)])
    const { propose } = samplePayloads(nameOf(0))
    const commit = await say(2, commitOf(nameOf(2)))
    alice.agreement.broadcast({ signed: await say(0, propose), attachments: [commit.envelope] })
    await settle()
    expect(bob.heard).to.have.length(1)
    expect(bob.heard[0]!.signed.payload).to.deep.equal(propose)
    expect(bob.heard[0]!.attachments.map(({ signer }) => signer)).to.deep.equal([nameOf(2)])
    expect(alice.connections).to.deep.equal(['1 up'])
    expect(alice.agreement.reachable()).to.deep.equal([nameOf(1)])
  })

  it('tells peers of another stage only what is sent to them by name', async () => {
    const [alice, bob, carol] = [join(0), join(1), join(2)]
    alice.agreement.setSiblings([nameOf(1)], [nameOf(2)])
    const { outcome, have } = samplePayloads(nameOf(0))
    alice.agreement.broadcast({ signed: await say(0, have), attachments: [] })
    alice.agreement.broadcast({ signed: await say(0, outcome), attachments: [] }, [nameOf(2)])
    await settle()
    const kinds = (heard: typeof bob.heard): string[] => heard.map(({ signed }) => signed.payload.kind)
    expect(kinds(bob.heard)).to.deep.equal(['have'])
    expect(kinds(carol.heard)).to.deep.equal(['outcome'])
    alice.agreement.setSiblings([nameOf(1)])
    alice.agreement.broadcast({ signed: await say(0, outcome), attachments: [] }, [nameOf(2)])
    await settle()
    expect(kinds(carol.heard), 'forgotten').to.deep.equal(['outcome'])
  })

  it('sends a large batch as a body', async () => {
    const [alice, bob] = [join(0), join(1)]
    alice.agreement.setSiblings([nameOf(1)])
    await settle()
    const leaves = Array.from({ length: 4000 }, () => ROOT)
    alice.agreement.send(nameOf(1), { signed: await say(0, { ...commitOf(nameOf(0)), leaves }), attachments: [] })
    await settle()
    expect(bob.heard).to.have.length(1)
    expect(network.log.at(-1)!.bytes).to.be.above(64 * 1024)
  })

  it('does not let a silent sibling hold up the others, and gives it the newest vote when it is back', async () => {
    const [alice, bob, carol] = [join(0), join(1), join(2)]
    network.silent.add(nameOf(1))
    alice.agreement.setSiblings([nameOf(1), nameOf(2)])
    const { prevote } = samplePayloads(nameOf(0))
    for (const view of [3, 4, 5]) {
      alice.agreement.broadcast({ signed: await say(0, { ...prevote, view }), attachments: [] })
      await clock.advance(100)
    }
    expect(carol.heard).to.have.length(3)
    expect(alice.connections).to.have.members(['1 down', '2 up'])
    network.silent.delete(nameOf(1))
    await clock.advance(1000)
    expect(bob.heard.map(({ signed }) => signed.payload)).to.deep.equal([{ ...prevote, view: 5 }])
    expect(alice.connections).to.include('1 up')
  })

  it('says everything of the round again to a sibling that lost its memory, and nothing of rounds that are over', async () => {
    const alice = join(0)
    const first = join(1)
    alice.agreement.setSiblings([nameOf(1)])
    const { prevote, have } = samplePayloads(nameOf(0))
    const older = { ...prevote, scope: { ...SCOPE, round: SCOPE.round - 2 } }
    for (const payload of [older, prevote, have])
      alice.agreement.broadcast({ signed: await say(0, payload), attachments: [] })
    await settle()
    expect(first.heard).to.have.length(3)
    alice.agreement.forgetBelow(SCOPE.round)
    const second = join(1)
    second.agreement.setSiblings([nameOf(0)])
    await settle()
    expect(second.heard.map(({ signed }) => signed.payload.kind).sort()).to.deep.equal(['have', 'prevote'])
  })

  it('asks again for what siblings keep where a silent peer finds that it was told nothing', async () => {
    const [alice, bob] = [join(0), join(1)]
    alice.agreement.setSiblings([nameOf(1)])
    bob.agreement.setSiblings([nameOf(0)])
    await settle()
    const { prevote } = samplePayloads(nameOf(0))
    // It reaches another machine with bob's key.
    const other = join(1)
    alice.agreement.broadcast({ signed: await say(0, prevote), attachments: [] })
    await settle()
    expect([bob.heard.length, other.heard.length]).to.deep.equal([0, 1])
    const asked = network.log.length
    other.agreement.greet()
    await settle()
    expect(network.log, 'nobody is its sibling').to.have.length(asked)
    bob.agreement.greet()
    await settle()
    expect(network.log.slice(asked).map(({ header }) => header)).to.deep.include({
      ...{ type: 'messages', fresh: true },
      parcels: [],
    })
    expect(other.heard, 'it is sent again').to.have.length(2)
  })

  it('refuses bad envelopes one by one, and leaves out bad attachments', async () => {
    const [, bob] = [join(0), join(1)]
    const { prevote } = samplePayloads(nameOf(0))
    const good = (await say(0, prevote)).envelope
    const forged = good.slice()
    forged[forged.length - 1]! ^= 1
    const settled = (await say(0, samplePayloads(nameOf(0)).settled)).envelope
    const stranger = network.streamsOf(nameOf(0))({})
    const parcels = [
      { envelope: forged, attachments: [] },
      { envelope: settled, attachments: [] },
      { envelope: good, attachments: [forged] },
    ]
    expect(await stranger.request(nameOf(1), { type: 'messages', fresh: false, parcels })).to.have.property('header')
    expect(bob.refused).to.deep.equal(['bad-signature', 'not-allowed', 'bad-signature'])
    expect(bob.heard).to.have.length(1)
    expect(bob.heard[0]!.attachments).to.deep.equal([])
  })

  it('asks the policy about every message, attachment and peer', async () => {
    const [alice, bob] = [join(0), join(1)]
    alice.agreement.setSiblings([nameOf(1)])
    bob.policy.admit = signed => (signed.payload.kind === 'commit' ? refuse('wrong-epoch') : null)
    const { propose } = samplePayloads(nameOf(0))
    const commit = await say(2, commitOf(nameOf(2)))
    alice.agreement.broadcast({ signed: await say(0, propose), attachments: [commit.envelope] })
    await settle()
    expect(bob.refused).to.deep.equal(['wrong-epoch'])
    expect(bob.heard[0]!.attachments).to.deep.equal([])
    bob.policy.admitPeer = () => refuse('no-seat')
    alice.agreement.broadcast({ signed: await say(0, propose), attachments: [] })
    await settle()
    expect(bob.heard).to.have.length(1)
    expect(bob.refused).to.deep.equal(['wrong-epoch', 'no-seat'])
    // Nor is room set aside for what it would bring.
    expect(network.barsBody(nameOf(1), nameOf(0))).to.include({ refused: 'no-seat' })
  })

  it('disconnects a peer that keeps sending what no correct peer sends', async () => {
    const bob = join(1)
    const stranger = network.streamsOf(nameOf(0))({})
    const nonsense: readonly unknown[] = [
      null,
      5,
      {},
      { type: 'messages' },
      { type: 'votes' },
      { type: 'commits', scope: SCOPE, missing: [] },
    ]
    for (let index = 0; index < 15; index++) await stranger.request(nameOf(1), nonsense[index % nonsense.length])
    expect(bob.streams.disconnected).to.deep.equal([])
    await stranger.request(nameOf(1), { type: 'messages', fresh: false, parcels: null }, Uint8Array.of(1, 2, 3))
    expect(bob.streams.disconnected).to.deep.equal([nameOf(0)])
    expect(bob.refused).to.have.length(16)
  })

  it('does not disconnect a peer for being late', async () => {
    const bob = join(1)
    bob.policy.admit = () => refuse('stale-round')
    const stranger = network.streamsOf(nameOf(0))({})
    const { envelope } = await say(0, samplePayloads(nameOf(0)).prevote)
    const parcels = Array.from({ length: 40 }, () => ({ envelope, attachments: [] }))
    await stranger.request(nameOf(1), { type: 'messages', fresh: false, parcels })
    expect(bob.refused).to.have.length(40)
    expect(bob.streams.disconnected).to.deep.equal([])
  })

  it('answers with certificates of the range and with commits, within bounds', async () => {
    const [alice, bob] = [join(0), join(1)]
    const encoded = encodeCertificate((await sampleCertificate()).certificate)
    const asked: unknown[] = []
    bob.policy.certificates = async range => {
      asked.push(range)
      return [encoded, new Uint8Array(5 * 1024 * 1024)]
    }
    const commit = await say(2, commitOf(nameOf(2)))
    bob.policy.commits = ({ missing }) => (missing[0]!.author === nameOf(2) ? [commit.envelope] : [])
    expect(await alice.agreement.requestCertificates(nameOf(1), { stage: 1, from: 3, to: 9_999 })).to.deep.equal([
      encoded,
    ])
    expect(asked).to.deep.equal([{ stage: 1, from: 3, to: 66 }])
    const query = { scope: SCOPE, missing: [{ author: nameOf(2), root: ROOT }] }
    expect(await alice.agreement.requestCommits(nameOf(1), query)).to.deep.equal([commit.envelope])
    expect(await alice.agreement.requestCommits(nameOf(3), query)).to.include({ refused: 'unreachable' })
  })

  it('shows a sibling what it signed itself, and nobody else', async () => {
    const [alice, bob] = [join(0), join(1)]
    const { envelope } = await say(0, samplePayloads(nameOf(0)).prevote)
    bob.policy.signatures = of => (of === nameOf(0) ? [envelope] : [])
    expect(await alice.agreement.requestSignatures(nameOf(1))).to.deep.equal([envelope])
    expect(await join(2).agreement.requestSignatures(nameOf(1))).to.deep.equal([])
    bob.policy.admitPeer = () => refuse('no-seat')
    expect(await alice.agreement.requestSignatures(nameOf(1))).to.include({ refused: 'no-seat' })
  })

  it('refuses answers that are none', async () => {
    const alice = join(0)
    for (const body of [Uint8Array.of(9), encode({}), encode([5]), new Uint8Array(0)]) {
      network.handle(nameOf(1), { onRequest: async () => ({ header: null, body }) })
      expect(await alice.agreement.requestCertificates(nameOf(1), { stage: 0, from: 0, to: 1 })).to.have.property(
        'refused',
      )
    }
    expect(alice.refused).to.have.length(4)
  })

  it('passes a certificate on to a late sibling', async () => {
    const [alice, bob] = [join(0), join(1)]
    const { certificate } = await sampleCertificate()
    expect(await alice.agreement.sendCertificate(nameOf(1), encodeCertificate(certificate), [ROOT])).to.equal(null)
    expect(bob.certificates).to.deep.equal([{ certificate, hashes: [ROOT] }])
    expect(await alice.agreement.sendCertificate(nameOf(1), Uint8Array.of(1), null)).to.have.property('refused')
  })

  it('stops with nothing left to do', async () => {
    const alice = join(0)
    network.silent.add(nameOf(1))
    alice.agreement.setSiblings([nameOf(1)])
    await settle()
    expect(clock.timers).to.equal(1)
    await alice.agreement.stop()
    expect(clock.timers).to.equal(0)
  })
})
