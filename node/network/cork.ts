/**
 * One write to the kernel for all that is sent to a peer in one turn of the event loop. A message leaves noise as two or three
 * buffers, and the TCP transport writes each by itself: with votes of some hundred bytes that was an eighth of a peer's time.
 */
import { Socket } from 'node:net'
import type { MultiaddrConnection } from '@libp2p/interface'

export function corkPerTurn(connection: MultiaddrConnection): void {
  const socket = socketOf(connection)
  if (socket === null) return
  const send = connection.send.bind(connection)
  let isCorked = false
  connection.send = data => {
    if (!isCorked) {
      isCorked = true
      socket.cork()
      setImmediate(() => {
        isCorked = false
        socket.uncork()
      })
    }
    return send(data)
  }
}

/** The transport keeps it as a property; where another transport does not, its writes stay as they are. */
function socketOf(connection: MultiaddrConnection): Socket | null {
  const socket: unknown = 'socket' in connection ? connection.socket : null
  return socket instanceof Socket ? socket : null
}
