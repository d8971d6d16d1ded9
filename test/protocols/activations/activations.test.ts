import { assert, expect } from 'chai'
import {
  Activations,
  type ActivationsHandlers,
  type Answer,
  BYTES_IN_FLIGHT,
  type Delivery,
  FRAMES_IN_FLIGHT,
} from '../../../protocols/activations/index.ts'
import type { PeerStreamsInit } from '../../../protocols/wire/frames/peer-streams.ts'
import type { MicroBatchId, PeerName } from '../../../protocols/wire/messages.ts'
import { refuse } from '../../../protocols/wire/refusals.ts'
import { CHANNEL_FOLDS, type StatisticsReport } from '../../../protocols/wire/tensor-statistics.ts'
import { digest, FakeNetwork } from '../fake-streams.ts'
import { PEERS, type Peer, policyAt, runOf, SHAPE, scopeOf, signed, tensorOf, wholeWay } from './run.ts'

const [[a0], [b0, b1]] = [PEERS[0]!, PEERS[1]!]

/** The fake handler refuses reports of this round. */
const STALE_ROUND = 3

const REPORT: StatisticsReport = {
  round: 7,
  forward: { logRms: -0.5, mean: 0.25, negativeShare: 1, channels: Array.from({ length: CHANNEL_FOLDS }, () => 0.125) },
  backward: null,
}

interface Side {
  readonly service: Activations
  readonly deliveries: Delivery[]
  readonly abandoned: [PeerName, MicroBatchId][]
  readonly reported: [PeerName, StatisticsReport][]
  streams: PeerStreamsInit | null
  answer: Answer
}

function sideOf(network: FakeNetwork, peer: Peer): Side {
  const deliveries: Delivery[] = []
  const abandoned: [PeerName, MicroBatchId][] = []
  const reported: [PeerName, StatisticsReport][] = []
  const handlers: ActivationsHandlers = {
    accept: delivery => {
      // As a handler must: the memory of the body is freed afterwards.
      deliveries.push({ ...delivery, tensor: delivery.tensor.slice() })
      return side.answer
    },
    abandoned: (from, id) => abandoned.push([from, id]),
    reported(from, report) {
      if (report.round === STALE_ROUND) return refuse('stale-round')
      reported.push([from, report])
      return null
    },
  }
  let streams: PeerStreamsInit | null = null
  const service = new Activations(
    {
      privateKey: peer.key,
      digest,
      openStreams: init => {
        streams = init
        return network.streamsOf(peer.name)(init)
      },
    },
    { ...runOf(peer), policy: policyAt(), handlers },
  )
  const side: Side = { service, deliveries, abandoned, reported, streams, answer: { kind: 'accepted' } }
  return side
}

describe('activations: the service', () => {
  let network: FakeNetwork
  let source: Side
  let middle: Side

  beforeEach(() => {
    network = new FakeNetwork()
    source = sideOf(network, a0)
    middle = sideOf(network, b0)
  })

  it('carries a tensor and its header to the handler, bit for bit', async () => {
    const outgoing = await signed(a0, 'forward', null)
    expect(await source.service.send(b0.name, outgoing, { settledBelow: 2 })).to.deep.equal({ kind: 'accepted' })
    const [delivery] = middle.deliveries
    expect(delivery).to.include({ direction: 'forward', from: a0.name, settledBelow: 2, lossMicronats: 0 })
    expect(delivery!.tensor).to.deep.equal(outgoing.tensor)
    expect(delivery!.chain).to.deep.equal(outgoing.chain)
  })

  const answers: readonly Answer[] = [
    { kind: 'accepted' },
    { kind: 'busy' },
    { kind: 'wait', round: 6 },
    { kind: 'parked', round: 6 },
    { kind: 'refused', refusal: refuse('duplicate') },
  ]
  for (const answer of answers) {
    it(`hands the sender the answer ${answer.kind}`, async () => {
      middle.answer = answer
      expect(await source.service.send(b0.name, await signed(a0, 'forward', null))).to.deep.equal(answer)
    })
  }

  it('brings a gradient back along the chain that its own forward began', async () => {
    const [first, , third] = await wholeWay()
    const fourth = await middle.service.sign({
      direction: 'backward',
      id: { round: 7, source: a0.name, sequence: 0 },
      scope: scopeOf(1),
      parent: third!.chain,
      tensor: tensorOf(-2),
    })
    expect(await middle.service.send(a0.name, fourth, { lossMicronats: 3_100_000 })).to.deep.equal({ kind: 'accepted' })
    const [delivery] = source.deliveries
    expect(delivery).to.include({ direction: 'backward', lossMicronats: 3_100_000 })
    expect(delivery!.path).to.have.length(3)
    expect(delivery!.chain.envelopes[0]).to.deep.equal(first!.chain.envelopes[0])
  })

  it('signs a tensor once: siblings and repeats see the same envelope', async () => {
    const sibling = sideOf(network, b1)
    const outgoing = await signed(a0, 'forward', null)
    for (const to of [b0, b1, b1]) await source.service.send(to.name, outgoing)
    const seen = [...middle.deliveries, ...sibling.deliveries].map(delivery => delivery.header)
    expect(seen).to.have.length(3)
    for (const header of seen) expect(header).to.deep.equal(seen[0])
  })

  it('says failed for a peer that is away or silent, busy for one that is overloaded', async () => {
    const outgoing = await signed(a0, 'forward', null)
    expect(await source.service.send(b1.name, outgoing)).to.deep.equal({ kind: 'failed' })
    network.silent.add(b0.name)
    expect(await source.service.send(b0.name, outgoing)).to.deep.equal({ kind: 'failed' })
    network.handle(b1.name, { onRequest: async () => refuse('overloaded') })
    expect(await source.service.send(b1.name, outgoing)).to.deep.equal({ kind: 'busy' })
  })

  it('says failed for an answer of no known kind', async () => {
    const outgoing = await signed(a0, 'forward', null)
    for (const header of [null, 7, { kind: 'perhaps' }, { kind: 'wait' }, { kind: 'accepted', more: 1 }]) {
      network.handle(b1.name, { onRequest: async () => ({ header }) })
      expect(await source.service.send(b1.name, outgoing)).to.deep.equal({ kind: 'failed' })
    }
  })

  it('sets no room aside for tensors of peers that have no seat beside this one', () => {
    expect(network.barsBody(b0.name, a0.name)).to.equal(null)
    expect(network.barsBody(b0.name, 'a stranger')).to.include({ refused: 'no-seat' })
  })

  it('never shows the handler what the door refuses', async () => {
    const lie = await signed(a0, 'forward', null, { tensor: tensorOf(Number.NaN) })
    const outcome = await source.service.send(b0.name, lie)
    expect(outcome).to.deep.equal({ kind: 'refused', refusal: { refused: 'not-finite' } })
    expect(middle.deliveries).to.deep.equal([])
  })

  it('counts refusals by reason', () => {
    middle.streams?.onRefusal('bad-signature', a0.name)
    middle.streams?.onRefusal('bad-signature', a0.name)
    expect(middle.service.refusals()).to.deep.equal({ 'bad-signature': 2 })
  })

  it('passes on what a peer says that it receives, and refuses what its handler refuses', async () => {
    await middle.service.report(a0.name, REPORT)
    expect(source.reported).to.deep.equal([[b0.name, REPORT]])
    const refusal = await source.streams?.onNote?.(noteOf({ round: STALE_ROUND }), new Uint8Array(0), contextOf())
    expect(refusal).to.have.property('refused', 'stale-round')
    expect(source.reported.length).to.equal(1)
  })

  it('refuses numbers that no tensor can have', async () => {
    const forward = REPORT.forward ?? expect.fail()
    const wrong = [
      { ...forward, logRms: Number.NaN },
      { ...forward, logRms: 89 },
      { ...forward, logRms: -104 },
      { ...forward, mean: 1.5 },
      { ...forward, negativeShare: -0.1 },
      { ...forward, channels: forward.channels.slice(1) },
      { ...forward, channels: forward.channels.map(() => Number.POSITIVE_INFINITY) },
      { ...forward, more: 1 },
    ]
    for (const one of wrong) {
      const refusal = await source.streams?.onNote?.(noteOf({ forward: one }), new Uint8Array(0), contextOf())
      expect(refusal).to.have.property('refused', 'out-of-bounds')
    }
    expect(source.reported).to.deep.equal([])
  })

  it('passes on that a hop gave up, and refuses notes of another form', async () => {
    const id = { round: 7, source: a0.name, sequence: 1 }
    await middle.service.abandon(a0.name, id)
    expect(source.abandoned).to.deep.equal([[b0.name, id]])
    const context = { from: b0.name, digest: null, signal: new AbortController().signal, isGivenUp: false }
    const refusal = await source.streams?.onNote?.({ kind: 'abandoned', id: 1 }, new Uint8Array(0), context)
    expect(refusal).to.have.property('refused', 'out-of-bounds')
  })

  it('does not bother the handler with what its sender has given up', async () => {
    const { chain, tensor } = await signed(a0, 'forward', null)
    const header = {
      tensor: { kind: 'forward', dtype: 'f32', shape: SHAPE, attachments: chain.envelopes },
      lossMicronats: 0,
      settledBelow: 0,
    }
    const context = { from: a0.name, digest: chain.content, signal: AbortSignal.abort(), isGivenUp: true }
    const reply = await middle.streams?.onRequest?.(header, tensor, context)
    expect(reply).to.deep.equal({ refused: 'aborted' })
    expect(middle.deliveries).to.deep.equal([])
  })

  it('bounds tensors and bytes in flight', () => {
    const { streams } = middle
    assert(streams !== null)
    expect(streams.limits?.openRequests).to.equal(FRAMES_IN_FLIGHT)
    expect(streams.limits?.openBodyBytes).to.equal(FRAMES_IN_FLIGHT * tensorOf(0).byteLength)
    expect(streams.maxBodyBytes).to.equal(BYTES_IN_FLIGHT)
  })

  it('does not sign a header of one round for a micro-batch of another', async () => {
    const draft = {
      direction: 'forward' as const,
      id: { round: 8, source: a0.name, sequence: 0 },
      scope: scopeOf(1),
      parent: null,
      tensor: tensorOf(1),
    }
    const error = await source.service.sign(draft).catch((thrown: unknown) => thrown)
    expect(error).to.be.instanceOf(RangeError)
  })
})

function noteOf(change: object): unknown {
  return { kind: 'statistics', ...REPORT, ...change }
}

function contextOf() {
  return { from: b0.name, digest: null, signal: new AbortController().signal, isGivenUp: false }
}
