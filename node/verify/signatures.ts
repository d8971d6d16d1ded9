/** (c) A certificate: at least Q = n - f (>= 2f + 1) seats signed one outcome, and the sealed commits are their authors'. */
import { RULES } from '../../consensus/aggregation/index.ts'
import type { Group } from '../../consensus/election/index.ts'
import { type VerifiedCertificate, verifyCertificate } from '../../protocols/wire/certificate.ts'
import { open } from '../../protocols/wire/envelope.ts'
import type { Manifest } from '../../protocols/wire/manifest.ts'
import type { Certificate, PeerName } from '../../protocols/wire/messages.ts'
import { isRefusal, REFUSALS } from '../../protocols/wire/refusals.ts'

/** The certificate checked against its group, or what is wrong with it. */
export async function checkSignatures(
  certificate: Certificate,
  group: Group,
  manifest: Manifest,
): Promise<VerifiedCertificate | string> {
  const seats = group.seats.map(seat => seat.peer)
  const verified = await verifyCertificate(certificate, { seats, quorum: group.quorum, groupHash: group.hash })
  if (isRefusal(verified)) {
    const detail = verified.detail === undefined ? '' : ` (${verified.detail})`
    return `${REFUSALS[verified.refused]}${detail}`
  }
  const sealed = verified.value.commits
  const least = leastCommits(group, manifest)
  if (sealed !== 'skip' && sealed.length < least) return `it seals ${sealed.length} commits where ${least} are needed`
  // The envelopes are checked and not needed again: a long history must not be held in memory.
  return { ...verified, outcomes: [], commits: [] }
}

/** As the round machine counts them before it proposes. */
function leastCommits(group: Group, { aggregation }: Manifest): number {
  const trim = Math.min(aggregation.f, group.faults)
  return Math.max(1, group.quorum, RULES[aggregation.rule].minimumInputs(trim))
}

/** Who signed the outcomes; those whose envelope does not open are left to {@link checkSignatures}. */
export async function outcomeSigners(certificate: Certificate): Promise<PeerName[]> {
  const opened = await Promise.all(certificate.outcomes.map(envelope => open(envelope, { kinds: ['outcome'] })))
  return opened.flatMap(signed => (isRefusal(signed) ? [] : [signed.signer]))
}
