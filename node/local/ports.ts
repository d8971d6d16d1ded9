/** Free TCP ports: bootstrap addresses must be known before the peers that listen on them start. */
import { randomInt } from 'node:crypto'
import { createServer, type Server } from 'node:net'

/**
 * Below what systems give to outgoing connections (Linux from 32,768, others from 49,152 on): none of these takes a port between now and
 * the start of its peer.
 */
const FIRST_PORT = 10_000
const END_PORT = 32_768
/** Ports tried for one that is free, before it is said that there is none. */
const TRIES = 100

/** Takes `count` free loopback ports at once, so that they differ, and lets them go again. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = new Map<number, Server>()
  try {
    for (let tries = 0; servers.size < count; tries++) {
      if (tries >= TRIES * count) throw new Error(`fewer than ${count} TCP ports are free on this machine`)
      const port = randomInt(FIRST_PORT, END_PORT)
      const server = servers.has(port) ? null : await listen(port)
      if (server !== null) servers.set(port, server)
    }
    return [...servers.keys()]
  } finally {
    await Promise.all([...servers.values()].map(server => new Promise<void>(resolve => server.close(() => resolve()))))
  }
}

/** Null where somebody else has the port, or it is not for us. */
function listen(port: number): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(null)
      else reject(error)
    })
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => resolve(server))
  })
}
