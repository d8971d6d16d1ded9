/** A certificate of the round in progress that came from elsewhere. */
import type { Certificate, Hash } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import type { CertificateBook } from './certificate-book.ts'
import type { RoundInbox } from './round-inbox.ts'

/** The certificate's envelopes are opened and checked before the machine sees them. */
export async function giveCertificate(
  book: CertificateBook,
  inbox: RoundInbox,
  certificate: Certificate,
  hashes: readonly Hash[] | null,
): Promise<void> {
  const run = inbox.current
  const verified = await book.verify(certificate)
  if (!isRefusal(verified) && run?.round === certificate.value.scope.round)
    run.certificate(certificate, verified, hashes)
}
