/**
 * What an interface of this machine listens on is its own address. libp2p announces a public one only after AutoNAT has had it
 * dialled from outside; without that service a peer on the open internet would announce nothing, and nobody could dial it.
 */
import type { Startable } from '@libp2p/interface'
import type { AddressManager, TransportManager } from '@libp2p/interface-internal'
import { ADDRESS_BOOK_AGE_MS } from './constants.ts'

export interface OwnAddressesComponents {
  readonly addressManager: Pick<AddressManager, 'confirmObservedAddr'>
  readonly transportManager: Pick<TransportManager, 'getAddrs'>
}

/** A libp2p service. */
export const ownAddresses =
  () =>
  ({ addressManager, transportManager }: OwnAddressesComponents): Startable => ({
    start: () => undefined,
    /** It listens by then. */
    afterStart() {
      for (const address of transportManager.getAddrs())
        addressManager.confirmObservedAddr(address, { type: 'transport', ttl: ADDRESS_BOOK_AGE_MS })
    },
    stop: () => undefined,
  })
