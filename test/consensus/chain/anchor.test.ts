import { encode } from '@ipld/dag-cbor'
import { expect } from 'chai'
import fc from 'fast-check'
import {
  anchorKey,
  decodeAnchorRemark,
  encodeAnchorRemark,
  encodeAnchorValue,
} from '../../../consensus/chain/anchor.ts'
import {
  ANCHOR_KIND,
  ANCHOR_LIMIT_BYTES,
  KEY_LIMIT_BYTES,
  STAGE_LIMIT,
  VALUE_LIMIT_BYTES,
} from '../../../consensus/chain/constants.ts'
import type { Anchor } from '../../../consensus/chain/types.ts'

const RUN = 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
const anchors = fc
  .record({
    stage: fc.nat(STAGE_LIMIT - 1),
    fromRound: fc.nat(),
    rounds: fc.nat(),
    link: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  })
  .map(({ rounds, ...rest }): Anchor => ({ ...rest, toRound: rest.fromRound + rounds }))

describe('anchors on chain', () => {
  it('come back from their remark, for their run only', () => {
    fc.assert(
      fc.property(anchors, anchor => {
        const remark = encodeAnchorRemark(RUN, anchor)
        expect(remark.length).to.be.at.most(ANCHOR_LIMIT_BYTES)
        expect(decodeAnchorRemark(remark, RUN)).to.deep.equal(anchor)
        expect(decodeAnchorRemark(remark, 'another')).to.equal(undefined)
      }),
    )
  })

  it('are refused in any other form', () => {
    const good = { kind: ANCHOR_KIND, run: RUN, stage: 0, from: 0, to: 7, link: new Uint8Array(32) }
    expect(decodeAnchorRemark(encode(good), RUN)).to.not.equal(undefined)
    const wrong = [
      { ...good, kind: 'swarm-node/anchor/2' },
      { ...good, stage: -1 },
      { ...good, stage: STAGE_LIMIT },
      { ...good, from: 8 },
      { ...good, to: 0.5 },
      { ...good, link: new Uint8Array(31) },
      { ...good, link: 'x' },
      { ...good, more: 1 },
      [good],
      null,
    ]
    for (const each of wrong) expect(decodeAnchorRemark(encode(each), RUN), JSON.stringify(each)).to.equal(undefined)
    expect(decodeAnchorRemark(new Uint8Array(ANCHOR_LIMIT_BYTES + 1), RUN)).to.equal(undefined)
    fc.assert(fc.property(fc.uint8Array(), bytes => void expect(decodeAnchorRemark(bytes, RUN)).to.equal(undefined)))
  })

  it('are not written where no reader would take them', () => {
    const anchor = { stage: 0, fromRound: 2, toRound: 1, link: new Uint8Array(32) }
    expect(() => encodeAnchorRemark(RUN, anchor)).to.throw(RangeError)
  })

  it('fit the limits of pallet-uniques', () => {
    const value = encodeAnchorValue({ stage: 1, fromRound: 0, toRound: 258, link: new Uint8Array(32).fill(5) })
    expect(Buffer.from(value).toString('hex')).to.equal(`0201000000000000${'05'.repeat(32)}`)
    expect(value.length).to.be.at.most(VALUE_LIMIT_BYTES)
    expect(anchorKey(STAGE_LIMIT - 1).length).to.be.at.most(KEY_LIMIT_BYTES)
  })
})
