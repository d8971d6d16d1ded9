/** The line by which a dialling peer tells a proxy who it is. */
import type { Socket } from 'node:net'

/** Before the peer's index. */
const WORD = 'swarm-sim '
const LINE = /^swarm-sim (\d{1,5})\n/
const LINE_MAX_BYTES = 20
const PATIENCE_MS = 5_000

/** Environment of a peer's process: its index, and the ports before which it greets. */
export const PEER_VARIABLE = 'SWARM_SIM_PEER'
export const PORTS_VARIABLE = 'SWARM_SIM_PORTS'

export function greetingOf(index: number): string {
  return `${WORD}${index}\n`
}

/** Calls back once: with the dialler's index and the bytes that came after its line, the socket paused; null: it is none of us. */
export function readGreeting(socket: Socket, then: (from: number | null, rest: Buffer) => void): void {
  let read = Buffer.alloc(0)
  const finish = (from: number | null, rest: Buffer) => {
    clearTimeout(timer)
    socket.off('data', onData).off('close', onClose).pause()
    then(from, rest)
  }
  const onData = (bytes: Buffer) => {
    read = Buffer.concat([read, bytes])
    const head = read.toString('latin1', 0, LINE_MAX_BYTES)
    const line = LINE.exec(head)
    if (line !== null) finish(Number(line[1]), read.subarray(line[0].length))
    else if (read.length >= LINE_MAX_BYTES) finish(null, read)
  }
  const onClose = () => finish(null, read)
  const timer = setTimeout(onClose, PATIENCE_MS)
  socket.on('data', onData).once('close', onClose)
}
