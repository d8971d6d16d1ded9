/**
 * Answers pings: what comes goes back, for as long as the other end keeps the stream. libp2p's own part ends a stream after 10 s, so others
 * that ping each few seconds on one, as the specification tells them to, had every second one fail; it also remembers each stream for those.
 */
import type { Stream } from '@libp2p/interface'
import { ping } from '@libp2p/ping'
import { PINGS_UNREAD_MAX_BYTES } from './constants.ts'

/** libp2p's service, with another way to answer. */
export function pings(): ReturnType<typeof ping> {
  const plain = ping()
  return components => Object.assign(plain(components), { handlePing: answerPings })
}

/** @param stream - ends with the other end's, or where that does not read what comes back */
export function answerPings(stream: Stream): void {
  const end = (): void => {
    stream.close().catch((error: Error) => stream.abort(error))
  }
  stream.addEventListener('message', ({ data }) => {
    if (stream.writeStatus !== 'writable') return
    stream.send(data)
    if (stream.writeBufferLength > PINGS_UNREAD_MAX_BYTES) stream.abort(new Error('pings whose answers are not read'))
  })
  stream.addEventListener('remoteCloseWrite', end)
  // It may have come with the ping, which is told in a microtask of its own, just asked for.
  if (stream.remoteWriteStatus === 'closed') queueMicrotask(end)
}
