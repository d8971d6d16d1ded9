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
