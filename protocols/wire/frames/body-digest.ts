import type { Digest } from '../environment.ts'
import { equalBytes } from '../hash.ts'
import type { Hash } from '../messages.ts'
import { type Refusal, refuse } from '../refusals.ts'

/** Null where the SHA-256 of `body` is the announced one; computed off the main thread. */
export async function checkDigest(
  digest: Digest,
  body: Uint8Array,
  announced: Hash,
  signal: AbortSignal,
): Promise<Refusal | null> {
  try {
    const actual = await digest(body, { signal })
    return equalBytes(actual, announced) ? null : refuse('wrong-hash', 'the body does not match its announced digest')
  } catch (error) {
    return refuse('aborted', error instanceof Error ? error.message : 'hashing failed')
  }
}
