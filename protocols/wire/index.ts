/**
 * What peers say to each other, in bytes: canonical encoding, signed envelopes, the message table, certificates, Merkle
 * trees, frames on streams. README.md is the specification.
 */
export * from './cbor.ts'
export * from './certificate.ts'
export * from './cid.ts'
export * from './constants.ts'
export * from './counters.ts'
export { useEd25519, type VerifyEd25519 } from './ed25519.ts'
export * from './encodings.ts'
export * from './envelope.ts'
export * from './envelope-cache.ts'
export * from './environment.ts'
export * from './evidence.ts'
export * from './frames/index.ts'
export * from './hash.ts'
export type * from './manifest.ts'
export { checkManifest } from './manifest-fields.ts'
export * from './merkle.ts'
export type * from './messages.ts'
export * from './refusals.ts'
export * from './table.ts'
