/**
 * Who checks signatures. All implementations answer alike, so which one is used decides nothing; a platform's own, with keys
 * that are made once, takes a third of the time of the portable one.
 */
import { publicKeyFromRaw } from '@libp2p/crypto/keys'

/** Whether `signature` is that of `message` under a raw Ed25519 key (RFC 8032). May throw for malformed input. */
export type VerifyEd25519 = (
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean | Promise<boolean>

let verify: VerifyEd25519 = (publicKey, message, signature) => publicKeyFromRaw(publicKey).verify(message, signature)

/** For the composition root of a process. */
export function useEd25519(implementation: VerifyEd25519): void {
  verify = implementation
}

/** False for a signature that does not hold, and for what is none. */
export async function holdsEd25519(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  try {
    return await verify(publicKey, message, signature)
  } catch {
    // A signature of another length, a key that is no point of the curve.
    return false
  }
}
