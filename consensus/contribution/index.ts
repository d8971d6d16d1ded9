/**
 * Who did how much, from nothing but the certificates: anybody recomputes it. README.md has the rule and what it withstands.
 */
import { open } from '../../protocols/wire/envelope.ts'
import { compareText, equalBytes } from '../../protocols/wire/hash.ts'
import type { Certificate, Commit, PeerName, Signed, TraceEntry } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'

/** Micro-batches a peer is paid for, by stage. */
export type PaidCounts = Map<PeerName, number[]>

/**
 * Points of every peer: its paid micro-batches of each stage times the stage's share of a micro-batch's floating point
 * operations (`shares[stage]`; they sum to 1). `certificates` holds verified certificates by stage; envelopes in them that do
 * not open are passed over. Sorted by peer, so that equal certificates give equal bytes.
 */
export async function points(
  certificates: ReadonlyMap<number, readonly Certificate[]>,
  shares: readonly number[],
): Promise<Map<PeerName, number>> {
  const commits: Signed<Commit>[] = []
  for (const [stage, certified] of certificates) {
    for (const certificate of certified) commits.push(...(await sealedCommits(stage, certificate)))
  }
  return pointsOf(paidCounts(commits, shares.length), shares)
}

/** Integers until the last step, so the order of certificates cannot change the sum. */
export function pointsOf(counts: PaidCounts, shares: readonly number[]): Map<PeerName, number> {
  const peers = [...counts].sort(([a], [b]) => compareText(a, b))
  return new Map(
    peers.map(([peer, paid]) => [peer, paid.reduce((sum, count, stage) => sum + count * (shares[stage] ?? 0), 0)]),
  )
}

/**
 * Counts each micro-batch (round, source, sequence) once a stage: it must stand in the sealed COMMIT of its source, with one
 * hop for each later stage, and in the sealed COMMIT of every such hop.
 */
export function paidCounts(commits: readonly Signed<Commit>[], stages: number): PaidCounts {
  const claims = new Set<string>()
  for (const { signer, payload } of commits) {
    for (const entry of payload.trace) claims.add(claimKey(payload.scope.round, payload.scope.stage, signer, entry))
  }
  const counts: PaidCounts = new Map()
  const paid = new Set<string>()
  for (const { signer, payload } of commits) {
    const { stage, round } = payload.scope
    for (const entry of payload.trace) {
      const hops = [signer, ...entry.path]
      const key = claimKey(round, stage, signer, entry)
      if (stage !== 0 || entry.source !== signer || hops.length !== stages || paid.has(key)) continue
      if (!hops.every((hop, at) => claims.has(claimKey(round, at, hop, entry)))) continue
      paid.add(key)
      for (const [at, hop] of hops.entries()) count(counts, hop, at, stages)
    }
  }
  return counts
}

function count(counts: PaidCounts, peer: PeerName, stage: number, stages: number): void {
  const paid = counts.get(peer) ?? Array<number>(stages).fill(0)
  paid[stage] = (paid[stage] ?? 0) + 1
  counts.set(peer, paid)
}

function claimKey(round: number, stage: number, peer: PeerName, { source, sequence }: TraceEntry): string {
  return `${round}/${stage}/${peer}/${source}/${sequence}`
}

/** The opened COMMITs that the certificate's value seals. */
async function sealedCommits(stage: number, { value, commits }: Certificate): Promise<Signed<Commit>[]> {
  if (value.commits === 'skip' || value.scope.stage !== stage) return []
  const opened: Signed<Commit>[] = []
  for (const envelope of commits) {
    const signed = await open(envelope, { kinds: ['commit'] })
    if (isRefusal(signed) || signed.payload.scope.stage !== stage || signed.payload.scope.round !== value.scope.round)
      continue
    const { signer, payload } = signed
    if (value.commits.some(({ author, root }) => author === signer && equalBytes(root, payload.root)))
      opened.push(signed)
  }
  return opened
}
