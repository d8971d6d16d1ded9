/** (d) Every round builds on the one before, from the initial state to the newest, without a gap. Pure. */
import type { VerifiedCertificate } from '../../protocols/wire/certificate.ts'
import { equalBytes } from '../../protocols/wire/hash.ts'
import type { Hash } from '../../protocols/wire/messages.ts'
import { isRefusal, REFUSALS } from '../../protocols/wire/refusals.ts'
import { advanceTip, type Tip } from '../peer/tip.ts'

/** A round's certificates, as different peers put them together; equal but for who signed. */
export type CertifiedRound = readonly VerifiedCertificate[]

export interface FollowedChain {
  /** `tips[i]`: where the stage stood i rounds after `tips[0]`, the initial state or the anchored round that is kept first. */
  readonly tips: readonly Tip[]
  /** Why it could not be followed on; null where it ends with the newest round. */
  readonly fault: { readonly round: number; readonly what: string } | null
  /** First round without a certificate, where later ones have some; null where there is no gap. */
  readonly gap: number | null
}

/** Where the stage stood after a round; null where the chain does not reach it. */
export function tipOf({ tips }: FollowedChain, round: number): Tip | null {
  const [first] = tips
  return first === undefined || round < first.round ? null : (tips[round - first.round] ?? null)
}

/**
 * @param rounds - `rounds[i]`: what is held of the i-th round after `first`; nothing of rounds that a recovery left out
 * @param settled - where the next round builds, past the recoveries that go on from a tip
 */
export function followChain(
  first: Tip,
  rounds: readonly CertifiedRound[],
  manifestHash: Hash,
  settled: (tip: Tip) => Tip = tip => tip,
): FollowedChain {
  const tips = [first]
  for (const [index, certificates] of rounds.entries()) {
    const tip = settled(tips[index] ?? first)
    // The stage was re-formed: the numbers up to the round that it goes on with stand for no round.
    while (tips.length - 1 < tip.round - first.round) tips.push(tip)
    if (tips.length > index + 1) continue
    const [certificate, ...others] = certificates
    const round = first.round + index + 1
    if (certificate === undefined) return { tips, fault: null, gap: round }
    const what = others.some(other => !sameResult(certificate, other))
      ? 'two different results of this round are certified: more than f seats lie'
      : followFault(tip, certificate)
    const next = what ?? advanceTip(tip, certificate, manifestHash)
    if (typeof next === 'string') return { tips, fault: { round, what: next }, gap: null }
    if (isRefusal(next)) {
      return { tips, fault: { round, what: `${REFUSALS[next.refused]} (${next.detail ?? ''})` }, gap: null }
    }
    tips.push(next)
  }
  return { tips, fault: null, gap: null }
}

function sameResult(a: VerifiedCertificate, b: VerifiedCertificate): boolean {
  return equalBytes(a.valueId, b.valueId) && equalBytes(a.outcomeHash, b.outcomeHash)
}

function followFault(tip: Tip, { value }: VerifiedCertificate): string | null {
  const { parent, reference } = value
  if (!equalBytes(parent.value, tip.parent.value) || !equalBytes(parent.outcome, tip.parent.outcome))
    return `it does not follow round ${tip.round}`
  if (reference.height === tip.reference.height && !equalBytes(reference.hash, tip.reference.hash))
    return `its reference block ${reference.height} is not that of round ${tip.round}`
  return null
}
