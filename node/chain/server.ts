/** The chain's WebSocket server: JSON-RPC 2.0 on the loopback interface. */
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { ExitError } from '../cli/exit.ts'
import { Connection } from './connection.ts'
import { MAX_CONNECTIONS, MAX_REQUEST_BYTES } from './constants.ts'
import type { EmbeddedChain } from './embedded-chain.ts'

export interface Server {
  readonly url: string
  close(): Promise<void>
}

/** Browsers let any web page open a WebSocket to this machine: pages from elsewhere are turned away. */
function isLocalOrigin(origin: string | undefined): boolean {
  if (origin === undefined) return true
  return URL.canParse(origin) && ['localhost', '127.0.0.1', '[::1]'].includes(new URL(origin).hostname)
}

/** IPv4 addresses may come in their IPv6 form. */
function isLoopback(address: string | undefined): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address ?? '')
}

/** Listens on `host`:`port` (0: any free one). Throws an {@link ExitError} 'unavailable' where the port is taken. */
export async function serve(chain: EmbeddedChain, host: string, port: number): Promise<Server> {
  const server = new WebSocketServer({
    host,
    port,
    maxPayload: MAX_REQUEST_BYTES,
    perMessageDeflate: false,
    verifyClient: ({ origin }: { origin?: string }) => isLocalOrigin(origin) && server.clients.size < MAX_CONNECTIONS,
  })
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve)
    server.once('error', error => reject(cannotListen(error, host, port)))
  })
  server.on('connection', (socket, request) => new Connection(socket, chain, isLoopback(request.socket.remoteAddress)))
  const address = server.address() as AddressInfo
  return {
    url: `ws://${host}:${address.port}`,
    close: () =>
      new Promise(resolve => {
        for (const client of server.clients) client.terminate()
        server.close(() => resolve())
      }),
  }
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): ExitError {
  const reason =
    error.code === 'EADDRINUSE'
      ? `port ${port} of ${host} is in use`
      : `cannot listen on ${host}:${port}: ${error.message}`
  return new ExitError('unavailable', reason, 'choose another --port, or 0 for any free one', { cause: error })
}
