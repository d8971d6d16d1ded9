/** Reads the anchors of a long stretch of the chain in pages: one call for all of it would be refused. */
import type { Chain, PostedAnchor } from '../../consensus/chain/types.ts'
import type { ContentId } from '../../protocols/wire/messages.ts'

/** A quarter of what the adapter takes at a time. */
export const ANCHOR_PAGE_BLOCKS = 4096

export async function* anchorPages(
  chain: Chain,
  run: ContentId,
  range: { readonly afterHeight: number; readonly toHeight: number },
  signal: AbortSignal,
): AsyncGenerator<readonly PostedAnchor[]> {
  for (let afterHeight = range.afterHeight; afterHeight < range.toHeight; afterHeight += ANCHOR_PAGE_BLOCKS) {
    const toHeight = Math.min(range.toHeight, afterHeight + ANCHOR_PAGE_BLOCKS)
    yield await chain.anchors(run, { afterHeight, toHeight }, { signal })
  }
}

/** Newest anchors of a stage that are kept of all: a place to begin in its history is among them. */
const NEWEST_KEPT = 64

/** The newest anchors of a stage that count, in the order of the chain, and the finalised height that they were read to. */
export async function newestAnchors(
  chain: Chain,
  wanted: {
    readonly run: ContentId
    readonly stage: number
    readonly afterHeight: number
    /** Is it of a member, and of the stage's history? */
    readonly counts: (anchor: PostedAnchor) => boolean
  },
  signal: AbortSignal,
): Promise<{ posted: readonly PostedAnchor[]; headHeight: number }> {
  const { height: toHeight } = await chain.finalizedHead({ signal })
  let posted: readonly PostedAnchor[] = []
  for await (const page of anchorPages(chain, wanted.run, { afterHeight: wanted.afterHeight, toHeight }, signal)) {
    const own = page.filter(anchor => anchor.stage === wanted.stage && wanted.counts(anchor))
    posted = [...posted, ...own].slice(-NEWEST_KEPT)
  }
  return { posted, headHeight: toHeight }
}
