/**
 * Leaderless close of a round: whoever holds SETTLEDs of stage 0's sources that sum to the target may pass them on, and
 * everybody who sees them closes. Each source counts up to its quota, so no fast or lying source closes a round alone.
 */
import { compareText } from '../../protocols/wire/hash.ts'
import type { PeerName, Settled, Signed } from '../../protocols/wire/messages.ts'

export interface CloseContext {
  readonly round: number
  /** The seats of stage 0. */
  readonly sources: readonly PeerName[]
  /** Micro-batches that close a round. */
  readonly target: number
  /** A source counts up to ceil(target / n * slack). */
  readonly slack: number
}

export interface CloseState {
  readonly context: CloseContext
  /** Of each source the highest count: SETTLED is cumulative. At most n entries. */
  readonly newest: Map<PeerName, Signed<Settled>>
}

export function createClose(context: CloseContext): CloseState {
  return { context, newest: new Map() }
}

/** Most micro-batches of one source that count in a round. */
export function sourceQuota({ sources, target, slack }: CloseContext): number {
  return Math.ceil((target / Math.max(1, sources.length)) * slack)
}

/** Takes a verified SETTLED; true where it raised a source's count, so that it is worth passing on. */
export function noteSettled({ context, newest }: CloseState, signed: Signed<Settled>): boolean {
  const { signer, payload } = signed
  if (payload.scope.round !== context.round || payload.scope.stage !== 0) return false
  // First, as most say what is known: every source passes the close on.
  if (payload.count <= (newest.get(signer)?.payload.count ?? 0) || !context.sources.includes(signer)) return false
  newest.set(signer, signed)
  return true
}

/** Settled micro-batches that count, each source up to its quota. */
export function settledCount({ context, newest }: CloseState): number {
  const quota = sourceQuota(context)
  let sum = 0
  for (const { payload } of newest.values()) sum += Math.min(payload.count, quota)
  return sum
}

/** The fewest SETTLEDs that reach the target, highest counts first (then by source); null while it is not reached. */
export function closingBundle(state: CloseState): Signed<Settled>[] | null {
  const { context, newest } = state
  if (settledCount(state) < context.target) return null
  const quota = sourceQuota(context)
  const ranked = [...newest.values()].sort(
    (a, b) => b.payload.count - a.payload.count || compareText(a.signer, b.signer),
  )
  const bundle: Signed<Settled>[] = []
  let sum = 0
  for (const signed of ranked) {
    if (sum >= context.target) break
    bundle.push(signed)
    sum += Math.min(signed.payload.count, quota)
  }
  return bundle
}
