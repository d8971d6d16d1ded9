import type { Digest } from '../environment.ts'
import { equalBytes } from '../hash.ts'
import type { Hash } from '../messages.ts'
import { type Refusal, refuse } from '../refusals.ts'

const WRONG = refuse('wrong-hash', 'the body does not match its announced digest')

/** Null where the SHA-256 of `body` is the announced one. */
export async function checkDigest(
  digest: Digest,
  body: Uint8Array,
  announced: Hash,
  signal: AbortSignal,
): Promise<Refusal | null> {
  try {
    const actual = await digest(body, { signal })
    return equalBytes(actual, announced) ? null : WRONG
  } catch (error) {
    return failed(error)
  }
}

/** The body where its SHA-256 is the announced one. It is handed over: the array that was given is not to be used again. */
export async function checkOwned(
  digest: Digest,
  body: Uint8Array,
  announced: Hash,
  signal: AbortSignal,
): Promise<Uint8Array | Refusal> {
  if (digest.owned === undefined) return (await checkDigest(digest, body, announced, signal)) ?? body
  try {
    const { bytes, hash } = await digest.owned(body, { signal })
    return equalBytes(hash, announced) ? bytes : WRONG
  } catch (error) {
    return failed(error)
  }
}

function failed(error: unknown): Refusal {
  return refuse('aborted', error instanceof Error ? error.message : 'hashing failed')
}
