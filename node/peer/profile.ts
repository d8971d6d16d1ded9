/** What a peer's network is made of, whatever it does with it: addresses, and the limits that fit them. */
import { join } from 'node:path'
import type { NetworkInit } from '../network/index.ts'
import type { PeerEnvironment, PeerInit } from './environment.ts'

/** Where nobody but this machine can dial, the limits for strangers would only hit the own peers. */
export function profileOf(listen: readonly string[]): NetworkInit['profile'] {
  return listen.every(address => /^\/(ip4\/127\.|ip6\/::1\/)/.test(address)) ? 'local' : 'public'
}

export type NetworkOfPeer = Pick<
  NetworkInit,
  'privateKey' | 'listen' | 'announce' | 'bootstrap' | 'profile' | 'nat' | 'datastoreDir'
>

export function networkOf(
  { folder, listen, announce, bootstrap, nat }: Pick<PeerInit, 'folder' | 'listen' | 'announce' | 'bootstrap' | 'nat'>,
  { privateKey }: Pick<PeerEnvironment, 'privateKey'>,
): NetworkOfPeer {
  const profile = profileOf(listen)
  const reach = profile === 'local' || nat === undefined ? {} : { nat }
  return { privateKey, listen, announce, bootstrap, profile, ...reach, datastoreDir: join(folder, 'addresses') }
}
