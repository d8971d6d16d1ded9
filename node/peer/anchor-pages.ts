/** Reads the anchors of a long stretch of the chain in pages: one call for all of it would be refused. */
import type { BlockRange, Chain, PostedAnchor } from '../../consensus/chain/types.ts'
import type { ContentId } from '../../protocols/wire/messages.ts'

/** A quarter of what the adapter takes at a time. */
export const ANCHOR_PAGE_BLOCKS = 4096

/** Those that count for a stage. */
export interface WantedAnchors {
  readonly run: ContentId
  readonly stage: number
  readonly afterHeight: number
  /** Is it of a member, and of the stage's history? */
  readonly counts: (anchor: PostedAnchor) => boolean
}

export async function* anchorPages(
  chain: Pick<Chain, 'anchors'>,
  run: ContentId,
  range: BlockRange,
  signal: AbortSignal,
): AsyncGenerator<readonly PostedAnchor[]> {
  for (let afterHeight = range.afterHeight; afterHeight < range.toHeight; afterHeight += ANCHOR_PAGE_BLOCKS) {
    const toHeight = Math.min(range.toHeight, afterHeight + ANCHOR_PAGE_BLOCKS)
    yield await chain.anchors(run, { afterHeight, toHeight }, { signal })
  }
}

export async function readAnchors(
  chain: Pick<Chain, 'anchors'>,
  run: ContentId,
  range: BlockRange,
  signal: AbortSignal,
): Promise<readonly PostedAnchor[]> {
  const found: PostedAnchor[] = []
  for await (const page of anchorPages(chain, run, range, signal)) found.push(...page)
  return found
}

/** First look back from the head: stages anchor every few rounds, so the newest anchor is likely there; read in a second or two. */
const LOOK_BACK_BLOCKS = 64

/**
 * The newest round of a stage that its members have anchored; null for none after `afterHeight`. Looked for from the head back,
 * each page twice as long: a long run's chain takes minutes to read.
 * @param knownHeight - reference block of the newest round on the disk: what is after that round is anchored after that block. It is
 *   read down to there at least, since a liar may anchor an old round anew.
 */
export async function lastFinalRound(
  chain: Pick<Chain, 'anchors' | 'finalizedHead'>,
  wanted: WantedAnchors,
  knownHeight: number,
  signal: AbortSignal,
): Promise<number | null> {
  const { run, afterHeight: lowest } = wanted
  let { height: toHeight } = await chain.finalizedHead({ signal })
  let last: number | null = null
  for (let blocks = LOOK_BACK_BLOCKS; toHeight > lowest; blocks = Math.min(2 * blocks, ANCHOR_PAGE_BLOCKS)) {
    const afterHeight = Math.max(lowest, toHeight - blocks)
    const posted = (await chain.anchors(run, { afterHeight, toHeight }, { signal })).filter(isWanted(wanted))
    for (const { toRound } of posted) last = Math.max(last ?? 0, toRound)
    if (last !== null && afterHeight <= knownHeight) return last
    toHeight = afterHeight
  }
  return last
}

/** Newest anchors of a stage that are kept of all: a place to begin in its history is among them. */
const NEWEST_KEPT = 64

/** The newest anchors of a stage that count, in the order of the chain, and the finalised height that they were read to. */
export async function newestAnchors(
  chain: Pick<Chain, 'anchors' | 'finalizedHead'>,
  wanted: WantedAnchors,
  signal: AbortSignal,
): Promise<{ posted: readonly PostedAnchor[]; headHeight: number }> {
  const { height: toHeight } = await chain.finalizedHead({ signal })
  let posted: readonly PostedAnchor[] = []
  for await (const page of anchorPages(chain, wanted.run, { afterHeight: wanted.afterHeight, toHeight }, signal)) {
    posted = [...posted, ...page.filter(isWanted(wanted))].slice(-NEWEST_KEPT)
  }
  return { posted, headHeight: toHeight }
}

function isWanted({ stage, counts }: WantedAnchors): (anchor: PostedAnchor) => boolean {
  return anchor => anchor.stage === stage && counts(anchor)
}
