import { type TopicValidatorFn, TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { expect } from 'chai'
import fc from 'fast-check'
import {
  CHECKS_MAX,
  KIND_CODES,
  MESSAGE_MAX_BYTES,
  PEER_BYTES_BURST,
  PEER_MESSAGES_BURST,
  PEER_MESSAGES_PER_SECOND,
  RATED_PEERS_MAX,
  REJECTED_MAX,
} from '../../../protocols/gossip/constants.ts'
import { decodeFrame, encodeFrame } from '../../../protocols/gossip/frame.ts'
import {
  encodeAnnouncement,
  encodeClose,
  type GossipContext,
  type GossipKind,
  type GossipPolicy,
  gossip,
  type Pubsub,
  topicOf,
  verdictOf,
} from '../../../protocols/gossip/index.ts'
import { RateLimiter } from '../../../protocols/gossip/rate-limiter.ts'
import { encodeCertificate } from '../../../protocols/wire/certificate.ts'
import { seal } from '../../../protocols/wire/envelope.ts'
import { ZERO_HASH } from '../../../protocols/wire/hash.ts'
import type { Certificate, Scope, Settled, Signed } from '../../../protocols/wire/messages.ts'
import { isRefusal, type RefusalReason, refuse } from '../../../protocols/wire/refusals.ts'
import { VirtualClock } from '../discovery/virtual-clock.ts'
import { name, OTHER_RUN, PEERS, RUN } from '../discovery/world.ts'

const SCOPE: Scope = { version: 1, genesis: ZERO_HASH, run: RUN, epoch: 0, group: ZERO_HASH, stage: 0, round: 3 }
const FROM: GossipContext = { stage: 0, from: name(4) }

const settled = async (signer: number, count = 1, scope: Partial<Scope> = {}): Promise<Signed<Settled>> => {
  const key = await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(signer + 1))
  return await seal({ kind: 'settled', scope: { ...SCOPE, ...scope }, count, root: ZERO_HASH }, key)
}

const certificate = (scope: Partial<Scope> = {}): Certificate => ({
  value: {
    scope: { ...SCOPE, ...scope },
    parent: { value: ZERO_HASH, outcome: ZERO_HASH },
    reference: { height: 1, hash: ZERO_HASH },
    commits: 'skip',
    changes: [],
  },
  outcomes: [Uint8Array.of(1)],
  commits: [],
})

class FakePubsub implements Pubsub {
  readonly topicValidators = new Map<string, TopicValidatorFn>()
  readonly subscribed = new Set<string>()
  readonly published: { readonly topic: string; readonly data: Uint8Array }[] = []
  subscribers = PEERS.slice(0, 2)
  full = false

  subscribe(topic: string): void {
    this.subscribed.add(topic)
  }

  unsubscribe(topic: string): void {
    this.subscribed.delete(topic)
  }

  getSubscribers(): PeerId[] {
    return this.subscribers
  }

  async publish(topic: string, data = new Uint8Array()): Promise<{ recipients: PeerId[] }> {
    if (this.full) throw new Error('all buffers are full')
    this.published.push({ topic, data })
    return { recipients: this.subscribers }
  }
}

const start = (policy: Partial<GossipPolicy> = {}) => {
  const clock = new VirtualClock()
  const pubsub = new FakePubsub()
  const delivered: GossipKind[] = []
  const misbehaving: string[] = []
  const spread = gossip({
    run: RUN,
    genesis: ZERO_HASH,
    stages: 2,
    policy: {
      certificate: () => null,
      settled: () => null,
      close: () => null,
      record: () => null,
      announced: () => refuse('unknown-item'),
      ...policy,
    },
    handlers: {
      certificate: () => delivered.push('certificate'),
      settled: () => delivered.push('settled'),
      close: () => delivered.push('close'),
    },
    onMisbehaving: peer => misbehaving.push(peer),
  })({ pubsub, clock })
  spread.start()
  return { clock, pubsub, delivered, misbehaving, spread }
}

const frame = (kind: GossipKind, body: Uint8Array): Uint8Array => {
  const encoded = encodeFrame(kind, body)
  if (isRefusal(encoded)) throw new Error(encoded.refused)
  return encoded
}

describe('Gossip', () => {
  it('subscribes to all stages of the run, and leaves them when it stops', () => {
    const { pubsub, spread } = start()
    expect([...pubsub.subscribed]).to.deep.equal([topicOf(RUN, 0), topicOf(RUN, 1)])
    spread.stop()
    expect(pubsub.subscribed.size + pubsub.topicValidators.size).to.equal(0)
  })

  it('publishes under the topic of the stage, with the kind in front', async () => {
    const { pubsub, spread } = start()
    expect(await spread.publish(1, 'certificate', Uint8Array.of(7))).to.equal(2)
    expect(pubsub.published).to.deep.equal([{ topic: topicOf(RUN, 1), data: Uint8Array.of(KIND_CODES.certificate, 7) }])
  })

  it('does not publish to nobody: gossipsub would take the message for sent', async () => {
    const { pubsub, spread } = start()
    pubsub.subscribers = []
    expect(await spread.publish(0, 'record', Uint8Array.of(1))).to.equal(0)
    expect(pubsub.published).to.deep.equal([])
  })

  it('says why it cannot publish', async () => {
    const { pubsub, spread } = start()
    expect(await spread.publish(0, 'certificate', new Uint8Array(MESSAGE_MAX_BYTES))).to.have.property(
      'refused',
      'too-large',
    )
    expect(await spread.publish(2, 'certificate', new Uint8Array(1))).to.have.property('refused', 'wrong-stage')
    pubsub.full = true
    expect(await spread.publish(0, 'certificate', new Uint8Array(1))).to.have.property('refused', 'overloaded')
  })

  it('accepts and delivers each kind', async () => {
    const { delivered, spread } = start()
    const bundle = encodeClose([await settled(1), await settled(0)])
    for (const [kind, body] of [
      ['certificate', encodeCertificate(certificate())],
      ['settled', (await settled(0)).envelope],
      ['close', bundle],
      ['record', Uint8Array.of(1)],
    ] as const) {
      expect(await spread.receive(frame(kind, body), FROM), kind).to.equal('accept')
    }
    expect(delivered).to.deep.equal(['certificate', 'settled', 'close'])
  })

  describe('an announced certificate', () => {
    const announcement = { genesis: ZERO_HASH, run: RUN, stage: 0, round: 3, hash: ZERO_HASH }
    const announced = (change = {}) => frame('announced', encodeAnnouncement({ ...announcement, ...change }))
    const encoded = encodeCertificate(certificate())

    it('is fetched from whoever told of it, and delivered as a gossiped one, before it is passed on', async () => {
      const asked: unknown[] = []
      const { delivered, spread } = start({
        announced: async (what, context) => {
          asked.push(what, context)
          return encoded
        },
      })
      expect(await spread.receive(announced(), FROM)).to.equal('accept')
      expect(asked).to.deep.equal([announcement, FROM])
      expect(delivered).to.deep.equal(['certificate'])
    })

    for (const [what, policy, verdict] of [
      ['is known', { announced: () => refuse('duplicate') }, 'ignore'],
      ['the forwarder does not give', { announced: () => refuse('unknown-item') }, 'ignore'],
      ['is another than was announced', { announced: () => refuse('wrong-hash') }, 'reject'],
      ['cannot be read', { announced: async () => Uint8Array.of(0xff) }, 'reject'],
      ['no quorum signed', { announced: async () => encoded, certificate: () => refuse('bad-signature') }, 'reject'],
      ['is of another run', { announced: async () => encodeCertificate(certificate({ run: OTHER_RUN })) }, 'reject'],
    ] as const) {
      it(`that ${what} is not passed on: ${verdict}`, async () => {
        const { delivered, spread } = start(policy)
        expect(await spread.receive(announced(), FROM)).to.equal(verdict)
        expect(delivered).to.deep.equal([])
      })
    }

    it('of another chain, run or stage is not even asked for', async () => {
      const { spread } = start({ announced: () => expect.fail('asked') })
      for (const change of [{ genesis: new Uint8Array(32).fill(1) }, { run: OTHER_RUN }, { stage: 1 }])
        expect(await spread.receive(announced(change), FROM)).to.equal('reject')
      expect(await spread.receive(frame('announced', Uint8Array.of(0xa0)), FROM)).to.equal('reject')
    })
  })

  it('answers gossipsub in its own words', async () => {
    const { pubsub } = start()
    const validate = pubsub.topicValidators.get(topicOf(RUN, 0))
    const ask = (data: Uint8Array) => validate?.(PEERS[4]!, { type: 'unsigned', topic: topicOf(RUN, 0), data })
    expect(await ask(frame('record', Uint8Array.of(1)))).to.equal(TopicValidatorResult.Accept)
    expect(await ask(Uint8Array.of(99, 1))).to.equal(TopicValidatorResult.Reject)
  })

  for (const [what, make, verdict] of [
    ['an empty message', async () => new Uint8Array(), 'reject'],
    ['an unknown kind', async () => Uint8Array.of(9, 9), 'reject'],
    ['a message that is too long', async () => new Uint8Array(MESSAGE_MAX_BYTES + 1).fill(1), 'reject'],
    ['a certificate that cannot be read', async () => frame('certificate', Uint8Array.of(0xff)), 'reject'],
    [
      'a certificate of another run',
      async () => frame('certificate', encodeCertificate(certificate({ run: OTHER_RUN }))),
      'reject',
    ],
    [
      'a certificate of another chain',
      async () => frame('certificate', encodeCertificate(certificate({ genesis: new Uint8Array(32).fill(1) }))),
      'reject',
    ],
    [
      'a certificate on another stage’s topic',
      async () => frame('certificate', encodeCertificate(certificate({ stage: 1 }))),
      'reject',
    ],
    [
      'a forged SETTLED',
      async () =>
        frame(
          'settled',
          (await settled(0)).envelope.map((byte, at, all) => (at === all.length - 1 ? byte ^ 1 : byte)),
        ),
      'reject',
    ],
    [
      'a close bundle of two rounds',
      async () => frame('close', encodeClose([await settled(0), await settled(1, 1, { round: 4 })])),
      'reject',
    ],
    [
      'a close bundle that counts a source twice',
      async () => frame('close', encodeClose([await settled(0), await settled(0, 2)])),
      'reject',
    ],
    ['a record beyond its bound', async () => frame('record', new Uint8Array(20_000)), 'reject'],
  ] as const) {
    it(`${verdict}s ${what}`, async () => {
      const { delivered, spread } = start()
      expect(await spread.receive(await make(), FROM)).to.equal(verdict)
      expect(delivered).to.deep.equal([])
      expect(Object.values(spread.refusals.of(FROM.from))).to.deep.equal([1])
    })
  }

  for (const [reason, verdict] of [
    ['no-seat', 'ignore'],
    ['stale-round', 'ignore'],
    ['future-round', 'ignore'],
    ['wrong-group', 'ignore'],
    ['stale-record', 'ignore'],
    ['bad-signature', 'reject'],
    ['out-of-bounds', 'reject'],
  ] as const satisfies readonly (readonly [RefusalReason, string])[]) {
    it(`${verdict}s what the node refuses as ${reason}`, async () => {
      const { spread, delivered } = start({ certificate: async () => refuse(reason) })
      expect(await spread.receive(frame('certificate', encodeCertificate(certificate())), FROM)).to.equal(verdict)
      expect(verdictOf(reason)).to.equal(verdict)
      expect(delivered).to.deep.equal([])
    })
  }

  it('reports a peer that keeps forwarding what nobody honest forwards, not one that is behind', async () => {
    const { spread, misbehaving } = start({ record: () => refuse('stale-record') })
    for (let count = 0; count < 2 * REJECTED_MAX; count++) await spread.receive(frame('record', Uint8Array.of(1)), FROM)
    expect(misbehaving).to.deep.equal([])
    for (let count = 0; count < REJECTED_MAX; count++) await spread.receive(Uint8Array.of(99, 1), FROM)
    expect(misbehaving).to.deep.equal([FROM.from])
  })

  it('ignores what is above a peer’s rate, and nothing of the others', async () => {
    const { spread, clock } = start()
    const message = frame('record', Uint8Array.of(1))
    for (let count = 0; count < PEER_MESSAGES_BURST; count++) {
      expect(await spread.receive(message, FROM)).to.equal('accept')
    }
    expect(await spread.receive(message, FROM)).to.equal('ignore')
    expect(await spread.receive(message, { stage: 0, from: name(5) })).to.equal('accept')
    await clock.advance(1000)
    for (let count = 0; count < PEER_MESSAGES_PER_SECOND; count++) {
      expect(await spread.receive(message, FROM)).to.equal('accept')
    }
    expect(await spread.receive(message, FROM)).to.equal('ignore')
  })

  it('bounds the checks that are under way', async () => {
    let release = (): void => {}
    const gate = new Promise<null>(resolve => {
      release = () => resolve(null)
    })
    const { spread } = start({ record: () => gate })
    const message = frame('record', Uint8Array.of(1))
    const open = Array.from({ length: CHECKS_MAX }, () => spread.receive(message, FROM))
    expect(await spread.receive(message, FROM)).to.equal('ignore')
    release()
    expect(new Set(await Promise.all(open))).to.deep.equal(new Set(['accept']))
    expect(await spread.receive(message, FROM)).to.equal('accept')
  })

  it('delivers nothing after it stopped', async () => {
    const { spread, delivered } = start()
    spread.stop()
    await spread.receive(frame('certificate', encodeCertificate(certificate())), FROM)
    expect(delivered).to.deep.equal([])
  })

  it('survives any bytes', async () => {
    const { spread, delivered } = start({ record: () => refuse('bad-encoding') })
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async bytes => {
        expect(await spread.receive(bytes, FROM)).to.not.equal('accept')
      }),
    )
    expect(delivered).to.deep.equal([])
  })
})

describe('frames and rates', () => {
  it('reads back any body of any kind', () => {
    const kinds: readonly GossipKind[] = ['certificate', 'settled', 'close', 'record', 'announced']
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.uint8Array({ minLength: 1 }), (kind, body) => {
        expect(decodeFrame(frame(kind, body))).to.deep.equal({ kind, body })
      }),
    )
  })

  it('bounds a peer’s bytes, and the peers it remembers', () => {
    const limiter = new RateLimiter(new VirtualClock())
    expect(limiter.take('a', PEER_BYTES_BURST)).to.equal(true)
    expect(limiter.take('a', 1)).to.equal(false)
    for (let index = 0; index < 2 * RATED_PEERS_MAX; index++) limiter.take(`peer ${index}`, 1)
    expect(limiter.size).to.equal(RATED_PEERS_MAX)
  })
})
