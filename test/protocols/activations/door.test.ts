import { assert, expect } from 'chai'
import { checkDelivery, expectedHops, type Outgoing } from '../../../protocols/activations/index.ts'
import { equalBytes } from '../../../protocols/wire/hash.ts'
import { isRefusal, type RefusalReason } from '../../../protocols/wire/refusals.ts'
import { sha256 } from '../fake-streams.ts'
import {
  forged,
  groupHash,
  makePeer,
  PEERS,
  type Peer,
  policyAt,
  ROUND,
  runOf,
  SHAPE,
  scopeOf,
  signed,
  tensorOf,
  wholeWay,
} from './run.ts'

const [[a0, a1], [b0, b1], [c0, c1]] = [PEERS[0]!, PEERS[1]!, PEERS[2]!]
const stranger = await makePeer(9, 0)

interface Change {
  readonly from?: Peer
  readonly body?: Uint8Array
  readonly digest?: Uint8Array | null
  readonly header?: object
  readonly round?: number
}

function check(to: Peer, from: Peer, { direction, chain, tensor }: Outgoing, change: Change = {}) {
  const body = change.body ?? tensor
  const digest = change.digest === undefined ? sha256(body) : change.digest
  const header = {
    tensor: { kind: direction, dtype: 'f32', shape: SHAPE, attachments: chain.envelopes },
    lossMicronats: 5,
    settledBelow: 3,
    ...change.header,
  }
  const name = (change.from ?? from).name
  return checkDelivery({ header, body, digest, from: name }, runOf(to), policyAt(change.round))
}

async function expectRefusal(result: ReturnType<typeof check>, reason: RefusalReason): Promise<void> {
  const delivery = await result
  assert(isRefusal(delivery), `taken, where ${reason} is due`)
  expect(delivery.refused).to.equal(reason)
}

describe('activations: the door', () => {
  it('takes a micro-batch on its whole way, and knows who held it', async () => {
    const [first, second, third, fourth] = await wholeWay()
    const ways: readonly [Peer, Peer, Outgoing, readonly Peer[]][] = [
      [b0, a0, first!, [a0]],
      [c0, b0, second!, [a0, b0]],
      [b0, c0, third!, [a0, b0, c0]],
      [a0, b0, fourth!, [a0, b0, c0]],
    ]
    for (const [to, from, outgoing, path] of ways) {
      const delivery = await check(to, from, outgoing)
      assert(!isRefusal(delivery), JSON.stringify(delivery))
      expect(delivery.path).to.deep.equal(path.map(peer => peer.name))
      expect(delivery.id).to.deep.equal({ round: ROUND, source: a0.name, sequence: 0 })
      expect(delivery.direction).to.equal(outgoing.direction)
      expect(delivery.lossMicronats).to.equal(outgoing.direction === 'backward' ? 5 : 0)
      expect(delivery.settledBelow).to.equal(outgoing.direction === 'forward' ? 3 : 0)
      assert(equalBytes(delivery.header, sha256(outgoing.chain.envelopes.at(-1)!)))
    }
  })

  it('knows the hops of every chain', () => {
    expect(expectedHops('forward', 2, 3).map(hop => hop.stage)).to.deep.equal([0, 1])
    expect(expectedHops('backward', 0, 3).map(hop => hop.stage)).to.deep.equal([0, 1, 2, 1])
    expect(expectedHops('backward', 2, 3)).to.deep.equal([])
    expect(expectedHops('backward', 0, 1)).to.deep.equal([])
  })

  it('takes a header of a neighbouring epoch, and of the next round', async () => {
    const older = await signed(a0, 'forward', null, { scope: scopeOf(0, { epoch: 1 }) })
    expect(isRefusal(await check(b0, a0, older))).to.equal(false)
    const next = await signed(a0, 'forward', null, { scope: scopeOf(0, { round: ROUND + 1 }) })
    expect(isRefusal(await check(b0, a0, next))).to.equal(false)
  })

  describe('refuses a liar:', () => {
    const headerLies: readonly [string, Parameters<typeof forged>[3], RefusalReason][] = [
      ['another chain', { scope: scopeOf(0, { genesis: new Uint8Array(32) }) }, 'wrong-genesis'],
      [
        'another run',
        { scope: scopeOf(0, { run: 'bafyreidykglsfhoixmivffc5uwhcgshx4j465xwqntbmu43nb2dzqwfvae' }) },
        'wrong-run',
      ],
      ['another epoch', { scope: scopeOf(0, { epoch: 4 }) }, 'wrong-epoch'],
      ['another set of seats', { scope: scopeOf(0, { group: groupHash(2, 1) }) }, 'wrong-group'],
      ['another stage', { scope: scopeOf(1) }, 'wrong-stage'],
      ['a foreign round', { scope: scopeOf(0, { round: ROUND + 2 }) }, 'future-round'],
      ['a round that is over', { scope: scopeOf(0, { round: ROUND - 1 }) }, 'stale-round'],
      ['the wrong direction', { direction: 'backward' }, 'not-allowed'],
      ['a hash of other bytes', { content: new Uint8Array(32) }, 'wrong-hash'],
      ['a parent where there is none', { parent: new Uint8Array(32).fill(1) }, 'wrong-hash'],
      ["another source's micro-batch", { source: a1.name }, 'not-allowed'],
      ['an endless sequence', { sequence: 1_000_000 }, 'out-of-bounds'],
    ]
    for (const [lie, change, reason] of headerLies) {
      it(`${lie}: ${reason}`, async () => {
        await expectRefusal(check(b0, a0, await forged(a0, 'forward', null, change)), reason)
      })
    }

    it('NaN and infinity: not-finite', async () => {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const tensor = tensorOf(1)
        new DataView(tensor.buffer).setFloat32(4 * 17, value, true)
        await expectRefusal(check(b0, a0, await signed(a0, 'forward', null, { tensor })), 'not-finite')
      }
    })

    it('a wrong shape, type or length: wrong-shape', async () => {
      const honest = await signed(a0, 'forward', null)
      const tensor = { kind: 'forward', dtype: 'f32', shape: SHAPE, attachments: honest.chain.envelopes }
      for (const wrong of [{ shape: [2, 3, 5] }, { shape: [24] }, { dtype: 'u8' }]) {
        await expectRefusal(check(b0, a0, honest, { header: { tensor: { ...tensor, ...wrong } } }), 'wrong-shape')
      }
      await expectRefusal(check(b0, a0, honest, { body: honest.tensor.subarray(4) }), 'wrong-shape')
      await expectRefusal(check(b0, a0, honest, { digest: null }), 'wrong-shape')
    })

    it('other bytes under a header: wrong-hash', async () => {
      await expectRefusal(check(b0, a0, await signed(a0, 'forward', null), { body: tensorOf(9) }), 'wrong-hash')
    })

    it('a flipped bit in the signature: bad-signature', async () => {
      const honest = await signed(a0, 'forward', null)
      const envelope = honest.chain.envelopes[0]!.slice()
      envelope[envelope.length - 1]! ^= 1
      const chain = { ...honest.chain, envelopes: [envelope] }
      await expectRefusal(check(b0, a0, { ...honest, chain }), 'bad-signature')
    })

    it('bytes that are no envelope, headers that are no header: bad-encoding, out-of-bounds', async () => {
      const honest = await signed(a0, 'forward', null)
      const chain = { ...honest.chain, envelopes: [new Uint8Array([1, 2, 3])] }
      await expectRefusal(check(b0, a0, { ...honest, chain }), 'bad-encoding')
      await expectRefusal(check(b0, a0, honest, { header: { lossMicronats: -1 } }), 'out-of-bounds')
      await expectRefusal(check(b0, a0, honest, { header: { surprise: 1 } }), 'out-of-bounds')
      await expectRefusal(check(b0, a0, honest, { header: { tensor: null } }), 'out-of-bounds')
    })

    it("somebody else's tensor, replayed: not-allowed", async () => {
      await expectRefusal(check(b0, a0, await signed(a0, 'forward', null), { from: a1 }), 'not-allowed')
    })

    it('a peer without a seat: no-seat', async () => {
      const outgoing = await forged({ ...stranger, stage: 0 }, 'forward', null, { source: stranger.name })
      await expectRefusal(check(b0, stranger, outgoing), 'no-seat')
    })

    it('a replayed chain of another micro-batch below its own header: not-allowed', async () => {
      const first = await signed(a0, 'forward', null)
      const second = await signed(b0, 'forward', first.chain, { sequence: 1 })
      await expectRefusal(check(c0, b0, second), 'not-allowed')
    })

    it('a chain that does not link: wrong-hash', async () => {
      const first = await signed(a0, 'forward', null)
      const second = await forged(b0, 'forward', first.chain, { parent: new Uint8Array(32).fill(9) })
      await expectRefusal(check(c0, b0, second), 'wrong-hash')
    })

    it('a chain of another length: out-of-bounds', async () => {
      const [first, second] = await wholeWay()
      await expectRefusal(check(c0, a0, first!), 'out-of-bounds')
      await expectRefusal(check(b0, b0, second!), 'out-of-bounds')
    })

    it('a gradient of what a sibling sent: not-allowed', async () => {
      const [, , third] = await wholeWay()
      await expectRefusal(check(b1, c0, third!), 'not-allowed')
    })

    it('a gradient of a hop that never held it: not-allowed', async () => {
      const [, , third] = await wholeWay()
      await expectRefusal(check(a0, b1, await signed(b1, 'backward', third!.chain)), 'not-allowed')
    })

    it('a gradient for the head, a forward for the source: wrong-stage', async () => {
      const [first] = await wholeWay()
      await expectRefusal(check(a1, a0, first!), 'wrong-stage')
      await expectRefusal(check(c1, c0, await signed(c0, 'backward', null)), 'wrong-stage')
    })
  })
})
