/** Which limits of the network fit a peer's addresses. */
import type { NetworkInit } from '../network/index.ts'

/** Where nobody but this machine can dial, the limits for strangers would only hit the own peers. */
export function profileOf(listen: readonly string[]): NetworkInit['profile'] {
  return listen.every(address => /^\/(ip4\/127\.|ip6\/::1\/)/.test(address)) ? 'local' : 'public'
}
