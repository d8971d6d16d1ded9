/** The vector files, typed. */
import { readFileSync } from 'node:fs'

export interface Vectors {
  readonly messages: {
    readonly seed: string
    readonly signer: string
    readonly messages: readonly {
      kind: string
      payloadType: string
      slot: string | null
      payload: string
      envelope: string
    }[]
  }
  readonly certificate: { certificate: string; valueId: string; outcomeHash: string; firstLink: string }
  readonly manifest: { manifest: string; id: string }
  readonly merkle: { leaves: readonly string[]; roots: readonly string[]; proofs: readonly (readonly string[])[] }
  /** Made with exact rationals. Values: singles as hex words, one after the other. */
  readonly 'int8-block': { tensors: readonly { values: string; bytes: string }[] }
  /** Bits of a single, big-endian hex, and what it becomes. */
  readonly encodings: { readonly bf16: readonly { value: string; bytes: string }[] }
  readonly frames: { request: string; body: string; cancel: string }
}

export function vectors<Name extends keyof Vectors>(name: Name): Vectors[Name] {
  return JSON.parse(readFileSync(new URL(`../../vectors/wire/${name}.json`, import.meta.url), 'utf8'))
}
