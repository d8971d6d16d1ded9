/** kad-dht's mapper that drops private addresses, without asking two dozen netmasks about each address of each answer again. */
import type { PeerInfo } from '@libp2p/interface'
import { isPrivate } from '@libp2p/utils'
import { JUDGED_ADDRESSES_MAX } from './constants.ts'

export function publicAddresses(): (peer: PeerInfo) => PeerInfo {
  /** Whether private, by address; full, it begins anew. */
  const judged = new Map<string, boolean>()
  return peer => ({
    ...peer,
    multiaddrs: peer.multiaddrs.filter(address => {
      const name = address.toString()
      const known = judged.get(name)
      if (known !== undefined) return !known
      if (judged.size >= JUDGED_ADDRESSES_MAX) judged.clear()
      const isOne = isPrivate(address)
      judged.set(name, isOne)
      return !isOne
    }),
  })
}
