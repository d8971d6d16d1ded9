/**
 * Counts what comes through yamux, and ends a frame that is longer than any window. Its decoder gathers up to 4 GiB that a header
 * announces before anything looks at the length, and no frame is too many for it: pings are answered, streams opened and reset, as fast
 * as anybody sends them.
 */
import type { Pinged } from './liveness.ts'

/** What is used of yamux; its declarations hide all but the first. */
export interface Framed {
  onData(bytes: Received): void
  readonly decoder: { readonly buffer: { readonly byteLength: number } }
  handleFrame(frame: unknown): void
  incomingStream(id: number): void
}

type Received = Parameters<Pinged['onData']>[0]

const HEADER_BYTES = 12

export interface FrameCount {
  /** A frame came. */
  frame(): void
  /** The other end opens a stream; false where that is one too many. */
  stream(): boolean
  /** How long a frame of the other end may be, bytes. */
  longest(): number
}

export function boundFrames(muxer: object, count: FrameCount): void {
  if (!isFramed(muxer)) return
  const onData = muxer.onData.bind(muxer)
  const handleFrame = muxer.handleFrame.bind(muxer)
  const incomingStream = muxer.incomingStream.bind(muxer)
  muxer.onData = bytes => {
    onData(bytes)
    // Nothing of a frame is in use before it is whole.
    if (muxer.decoder.buffer.byteLength > count.longest() + HEADER_BYTES)
      throw new Error('a frame longer than it may be')
  }
  muxer.handleFrame = frame => {
    count.frame()
    handleFrame(frame)
  }
  muxer.incomingStream = id => {
    if (!count.stream()) throw new Error('too many streams at a time')
    incomingStream(id)
  }
}

function isFramed(muxer: object): muxer is Framed {
  return 'onData' in muxer && 'decoder' in muxer && 'handleFrame' in muxer && 'incomingStream' in muxer
}
