/**
 * A corpus is bytes under a content id (CIDv1, raw, sha2-256), so every peer can prove that it trains on the same text,
 * wherever it has it from.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { create as createDigest } from 'multiformats/hashes/digest'
import type { ContentId } from '../../protocols/wire/messages.ts'
import { readBuiltIn } from './books.ts'
import { CorpusError } from './errors.ts'

export interface Corpus {
  /** The name it was loaded by. */
  readonly name: string
  readonly cid: ContentId
  /** One token each. */
  readonly bytes: Uint8Array
}

/** Multihash code of SHA-256. Source: the multicodec table. */
const SHA2_256 = 0x12

/** @returns CIDv1 (raw, sha2-256) in its base32 text form */
export function corpusId(bytes: Uint8Array): ContentId {
  return CID.createV1(raw.code, createDigest(SHA2_256, createHash('sha256').update(bytes).digest())).toString()
}

/**
 * @param name a built-in corpus (`moby-dick`), or the path of a file
 * @throws CorpusError `not-found`
 */
export async function loadCorpus(name: string, options: { readonly signal?: AbortSignal } = {}): Promise<Corpus> {
  const bytes = (await readBuiltIn(name, options)) ?? (await readPath(name, options))
  return { name, cid: corpusId(bytes), bytes }
}

/** @throws CorpusError `mismatch` where the bytes are not those that the content id names */
export function verifyCorpus(bytes: Uint8Array, cid: ContentId): void {
  const found = corpusId(bytes)
  if (found === cid) return
  throw new CorpusError(
    'mismatch',
    `The corpus here is ${found} (${bytes.length} bytes), but the run trains on ${cid}. Get the same file, or name it with --corpus.`,
  )
}

async function readPath(path: string, { signal }: { readonly signal?: AbortSignal }): Promise<Uint8Array> {
  try {
    return await readFile(path, signal === undefined ? {} : { signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw new CorpusError(
      'not-found',
      `There is no corpus "${path}": name a built-in one (moby-dick) or a readable file.`,
      {
        cause: error,
      },
    )
  }
}
