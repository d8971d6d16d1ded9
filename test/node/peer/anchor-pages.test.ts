import { expect } from 'chai'
import type { BlockRange, Chain, PostedAnchor } from '../../../consensus/chain/types.ts'
import { ANCHOR_PAGE_BLOCKS, lastFinalRound, type WantedAnchors } from '../../../node/peer/anchor-pages.ts'

const HASH = new Uint8Array(32)

/** An anchor up to a round, at a block. */
function posted(toRound: number, height: number, change: Partial<PostedAnchor> = {}): PostedAnchor {
  const block = { height, hash: HASH }
  return { stage: 0, fromRound: 1, toRound, link: HASH, peer: 'member', block, ...change }
}

describe('the newest round that is anchored', () => {
  /** What is found, and the ranges that were read. */
  async function found(anchors: readonly PostedAnchor[], head: number, afterHeight = 0, knownHeight = head) {
    const read: BlockRange[] = []
    const chain = {
      finalizedHead: async () => ({ height: head, hash: HASH }),
      anchors: async (_, range) => {
        read.push(range)
        return anchors.filter(({ block }) => block.height > range.afterHeight && block.height <= range.toHeight)
      },
    } as Partial<Chain> as Chain
    const wanted: WantedAnchors = { run: 'run', stage: 0, afterHeight, counts: ({ peer }) => peer === 'member' }
    const round = await lastFinalRound(chain, wanted, knownHeight, new AbortController().signal)
    return { round, read }
  }

  it('is looked for from the head back, and no further than it must', async () => {
    const { round, read } = await found([posted(8, 5_000), posted(16, 99_950), posted(24, 99_990)], 100_000)
    expect(round).to.equal(24)
    expect(read).to.deep.equal([{ afterHeight: 99_936, toHeight: 100_000 }])
  })

  it('is found however old it is, each page twice as long and none beyond what a page may be', async () => {
    const { round, read } = await found([posted(8, 3)], 20_000)
    expect(round).to.equal(8)
    const lengths = read.map(({ afterHeight, toHeight }) => toHeight - afterHeight)
    expect(lengths.slice(0, 4)).to.deep.equal([64, 128, 256, 512])
    expect(Math.max(...lengths)).to.equal(ANCHOR_PAGE_BLOCKS)
    expect(lengths.reduce((sum, blocks) => sum + blocks)).to.equal(20_000)
  })

  it('is not hidden by an older one that is anchored anew: all blocks since the newest round on the disk are read', async () => {
    const { round, read } = await found([posted(40, 800), posted(1, 990)], 1_000, 0, 700)
    expect(round).to.equal(40)
    expect(read.at(-1)).to.deep.equal({ afterHeight: 552, toHeight: 808 })
  })

  it('is none before the height that is asked for, of other stages, and that do not count', async () => {
    const anchors = [posted(8, 10), posted(16, 30, { stage: 1 }), posted(1_000_000, 40, { peer: 'stranger' })]
    expect((await found(anchors, 50, 20)).round).to.equal(null)
    expect((await found(anchors, 50)).round).to.equal(8)
    expect(await found([], 20, 20)).to.deep.equal({ round: null, read: [] })
  })
})
