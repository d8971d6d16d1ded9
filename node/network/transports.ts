/** Transports by environment: a browser tab gets its own row (WebSocket, WebRTC-direct) and changes nothing else. */
import { tcp } from '@libp2p/tcp'

export type Environment = keyof typeof TRANSPORTS

export const TRANSPORTS = {
  node: () => [tcp({ dialOpts: { noDelay: true, keepAlive: true }, listenOpts: { noDelay: true, keepAlive: true } })],
} as const
