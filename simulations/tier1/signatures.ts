/**
 * Ed25519 for many peers in one process: what one of them has checked is not computed again for the next. Node's functions
 * still decide; only the same question, byte for byte, is answered from memory.
 */
import type nodeCrypto from 'node:crypto'
import type { KeyObject } from 'node:crypto'

type Verify = typeof nodeCrypto.verify
type CreateKey = (input: unknown) => KeyObject

const KEYS_KEPT = 4_096
const ANSWERS_KEPT = 50_000

interface Answer {
  readonly key: unknown
  readonly message: Uint8Array
  readonly isValid: boolean
}

/** A table of bounded size: full, it begins anew. */
class Memory<Value> {
  readonly #limit: number
  readonly #values = new Map<string, Value>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get(key: string): Value | undefined {
    return this.#values.get(key)
  }

  add(key: string, value: Value): Value {
    if (this.#values.size >= this.#limit) this.#values.clear()
    this.#values.set(key, value)
    return value
  }
}

/** `createPublicKey` or `createPrivateKey` that parses each JWK once. */
export function rememberKeys(create: CreateKey): CreateKey {
  const keys = new Memory<KeyObject>(KEYS_KEPT)
  return input => {
    const name = jwkOf(input)
    return name === null ? create(input) : (keys.get(name) ?? keys.add(name, create(input)))
  }
}

function jwkOf(input: unknown): string | null {
  if (typeof input !== 'object' || input === null || !('key' in input) || !('format' in input)) return null
  if (input.format !== 'jwk' || typeof input.key !== 'object' || input.key === null) return null
  return 'x' in input.key ? `${String(input.key.x)}/${'d' in input.key ? String(input.key.d) : ''}` : null
}

/** `verify` of a one-shot signature (no digest, no callback) that answers the same question from memory. */
export function rememberAnswers(verify: Verify): (...given: unknown[]) => unknown {
  const answers = new Memory<Answer>(ANSWERS_KEPT)
  const real = verify as (...given: unknown[]) => unknown
  return (...given) => {
    const [algorithm, message, key, signature] = given
    const isPlain =
      algorithm === null && given.length === 4 && message instanceof Uint8Array && signature instanceof Uint8Array
    if (!isPlain) return real(...given)
    const name = Buffer.from(signature.buffer, signature.byteOffset, signature.byteLength).toString('latin1')
    const known = answers.get(name)
    if (known !== undefined && known.key === key && Buffer.compare(known.message, message) === 0) return known.isValid
    const isValid = real(...given) === true
    answers.add(name, { key, message: Uint8Array.from(message), isValid })
    return isValid
  }
}
