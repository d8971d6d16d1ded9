/** The hashes that tie rounds together, in one place: state_0, state_r and the manifest's hash. */
import { CID } from 'multiformats/cid'
import type { ContentId, Hash } from '../../protocols/wire/messages.ts'

/** First trained round. Round 0 is the initial state, which every replica computes from the seed. */
export const FIRST_ROUND = 1

/** No value and no outcome precede the first round. */
export const NO_PARENT = { value: new Uint8Array(32), outcome: new Uint8Array(32) } as const

/** The hash chain of certificates starts here. */
export const FIRST_LINK: Hash = new Uint8Array(32)

/** SHA-256 of the manifest: the digest inside the run's CID. Asked for every round, and a process has one run. */
export function manifestHash(run: ContentId): Hash {
  if (last?.run !== run) last = { run, digest: CID.parse(run).multihash.digest }
  return last.digest
}

let last: { readonly run: ContentId; readonly digest: Hash } | null = null
