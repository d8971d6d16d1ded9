/** A journal that does not know all that the peer signed must not sign (round.md, "Signing"). */
import type { BlockReference, Chain } from '../../consensus/chain/types.ts'
import type { SigningJournal } from '../journal/index.ts'
import { anchorPages } from './anchor-pages.ts'

export interface StaleInit {
  readonly chain: Chain
  readonly run: string
  readonly stage: number
  /** Where the run begins on the chain. */
  readonly start: BlockReference
  readonly journal: SigningJournal
  readonly signal: AbortSignal
}

/** Returns why the peer only follows for now; null where it may sign. */
export async function suspendIfStale({ chain, run, stage, start, journal, signal }: StaleInit): Promise<string | null> {
  const head = await chain.finalizedHead({ signal })
  const range = { afterHeight: start.height, toHeight: head.height }
  let lastFinalRound: number | null = null
  for await (const anchors of anchorPages(chain, run, range, signal)) {
    for (const anchor of anchors)
      if (anchor.stage === stage) lastFinalRound = Math.max(lastFinalRound ?? 0, anchor.toRound)
  }
  const reason = journal.isStale({ run, stage, lastFinalRound, shown: [] })
  if (reason !== null && journal.suspended === null) await journal.suspend(reason)
  return reason
}
