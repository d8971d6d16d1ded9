/**
 * What lies under libp2p, by environment: a browser tab gets its own row (WebSocket, WebRTC-direct), a simulation hands in
 * its own, and nothing else changes.
 */
import { noise } from '@chainsafe/libp2p-noise'
import type { ComponentLogger } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import type { Libp2pOptions } from 'libp2p'
import { openAddressBook } from './address-book.ts'
import { noiseCrypto } from './noise-crypto.ts'
import { silence } from './silence.ts'

type Datastore = NonNullable<Libp2pOptions['datastore']>

export interface Underlay {
  /** libp2p's own where there is none: it writes what DEBUG names. */
  readonly logger?: ComponentLogger
  readonly transports: () => NonNullable<Libp2pOptions['transports']>
  readonly encrypters: () => NonNullable<Libp2pOptions['connectionEncrypters']>
  /** The address book and the DHT's values, kept over restarts. @throws ExitError 'data' where it cannot be opened */
  readonly openDatastore: (folder: string) => Promise<Datastore & { close(): Promise<void> | void }>
}

export const UNDERLAYS = {
  node: {
    ...(process.env['DEBUG'] === undefined ? { logger: silence } : {}),
    transports: () => [
      tcp({ dialOpts: { noDelay: true, keepAlive: true }, listenOpts: { noDelay: true, keepAlive: true } }),
    ],
    encrypters: () => [noise({ crypto: noiseCrypto })],
    openDatastore: openAddressBook,
  },
} as const satisfies Record<string, Underlay>
