/**
 * A port through which everybody reaches one peer (or the chain). Who dials says so in a first line, which `preload.ts` puts
 * before the connection's own bytes; so a proxy can cut a pair, in one direction too, whatever the encryption.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { readGreeting } from './greeting.ts'
import type { Links } from './links.ts'
import { Pipe } from './pipe.ts'

const LOOPBACK = '127.0.0.1'

export interface ProxyInit {
  /** Index of the peer behind it, or `CHAIN`. */
  readonly target: number
  readonly targetPort: number
  readonly links: Links
}

export class TcpProxy {
  readonly port: number
  readonly #init: ProxyInit
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(init: ProxyInit, server: Server, port: number) {
    this.#init = init
    this.#server = server
    this.port = port
    server.on('connection', socket => this.#onConnection(socket))
  }

  static listen(init: ProxyInit): Promise<TcpProxy> {
    return new Promise((resolve, reject) => {
      const server = createServer({ allowHalfOpen: true, noDelay: true })
      server.once('error', reject)
      server.listen(0, LOOPBACK, () => {
        const address = server.address()
        if (address === null || typeof address === 'string') reject(new Error('a TCP server has a port'))
        else resolve(new TcpProxy(init, server, address.port))
      })
    })
  }

  /** Resets all connections, as a router does that forgets them. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #onConnection(socket: Socket): void {
    this.#keep(socket)
    readGreeting(socket, (from, rest) => {
      if (from === null) socket.resetAndDestroy()
      else this.#whenOpen(from, socket, () => this.#join(from, socket, rest))
    })
  }

  /** A connection is made by packets of both directions: while one is cut, it is not. */
  #whenOpen(from: number, socket: Socket, then: () => void): void {
    const { target, links } = this.#init
    const isOpen = () => !links.isCut(from, target) && !links.isCut(target, from)
    if (isOpen()) {
      then()
      return
    }
    const unwatch = links.watch(() => {
      if (!isOpen()) return
      unwatch()
      then()
    })
    socket.once('close', unwatch)
  }

  #join(from: number, socket: Socket, rest: Buffer): void {
    const { target, targetPort, links } = this.#init
    if (socket.destroyed) return
    const other = connect({ host: LOOPBACK, port: targetPort, allowHalfOpen: true, noDelay: true })
    this.#keep(other)
    new Pipe({ source: socket, sink: other, from, to: target, links })
    new Pipe({ source: other, sink: socket, from: target, to: from, links })
    if (rest.length > 0) socket.unshift(rest)
    socket.resume()
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    // Each end is told by its 'close', which follows.
    socket.on('error', () => undefined)
    socket.once('close', () => this.#sockets.delete(socket))
  }
}
