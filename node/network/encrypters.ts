/**
 * Tells which connection lies below an encrypted one. Frames come out of the upper one, not always while something arrives below it: what came
 * in one piece with the end of the handshake is handed on later, and must not count for whoever has his turn then.
 */
import type { ConnectionEncrypter } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'
import type { Pace } from './pace.ts'

type Encrypters = NonNullable<Libp2pOptions['connectionEncrypters']>

export function tellingEncrypters(encrypters: Encrypters, pace: Pick<Pace, 'encrypted'>): Encrypters {
  return encrypters.map(create => components => telling(create(components), pace))
}

function telling(encrypter: ConnectionEncrypter, pace: Pick<Pace, 'encrypted'>): ConnectionEncrypter {
  const inbound = encrypter.secureInbound.bind(encrypter)
  const outbound = encrypter.secureOutbound.bind(encrypter)
  encrypter.secureInbound = async (connection, options) => {
    const secured = await inbound(connection, options)
    pace.encrypted(connection, secured.connection)
    return secured
  }
  encrypter.secureOutbound = async (connection, options) => {
    const secured = await outbound(connection, options)
    pace.encrypted(connection, secured.connection)
    return secured
  }
  return encrypter
}
