/**
 * Yamux, sparing with frames: windows are given back by the half instead of frame by frame, as Go's yamux does it, so a small
 * message no longer costs a second frame, and a second segment, the other way. A sender has at least half of a window left.
 *
 * A stream begins with the window of yamux's specification, and its reader widens that with its first frame. Were it wider from the start,
 * other implementations would not know: they would wait for room that they have, and end a connection that brings more than they allow.
 */
import { yamux } from '@libp2p/yamux'
import { StreamState, type YamuxStream } from '@libp2p/yamux/stream'
import {
  READ_BUFFER_MAX_BYTES,
  STRANGER_FRAME_MAX_BYTES,
  STREAM_WINDOW_BEGIN_BYTES,
  STREAM_WINDOW_MAX_BYTES,
  STREAM_WINDOW_WIDE_BYTES,
  STREAMS_EARLY_MAX,
  STREAMS_INBOUND_MAX,
} from './constants.ts'
import { boundFrames } from './frame-bounds.ts'
import type { Liveness } from './liveness.ts'
import type { Pace } from './pace.ts'

/** libp2p's `streamMuxers` option; every connection is watched by `liveness`, and its frames count for its pace, where there is one. */
export function sparingYamux(liveness: Liveness, pace?: Pick<Pace, 'countOf'>): ReturnType<typeof yamux> {
  const plain = yamux({
    enableKeepAlive: false,
    maxInboundStreams: STREAMS_INBOUND_MAX,
    maxEarlyStreams: STREAMS_EARLY_MAX,
    streamOptions: {
      initialStreamWindowSize: STREAM_WINDOW_BEGIN_BYTES,
      maxStreamWindowSize: STREAM_WINDOW_MAX_BYTES,
      maxReadBufferLength: READ_BUFFER_MAX_BYTES,
    },
  })
  return () => {
    const factory = plain()
    const create = factory.createStreamMuxer.bind(factory)
    factory.createStreamMuxer = connection => {
      const muxer = create(connection)
      const onCreate = muxer.onCreateStream.bind(muxer)
      muxer.onCreateStream = () => sparing(onCreate())
      const onRemote = muxer.onRemoteStream.bind(muxer)
      muxer.onRemoteStream = stream => onRemote(sparing(stream))
      if (pace !== undefined) boundFrames(muxer, pace.countOf(connection))
      liveness.watch(muxer, connection)
      return muxer
    }
    return factory
  }
}

/** What others take from a peer that has no place with them, with its header. */
const FRAME_MAX_BYTES = STRANGER_FRAME_MAX_BYTES - 12

/** The sender closes its half. */
const FIN = 4

/** At every moment the sender may send half of a window, and more where it has grown. */
const WINDOW_STEP_BYTES = STREAM_WINDOW_WIDE_BYTES / 2

/** A stream that is not established yet has a flag to send, with a window or without. */
function sparing(stream: YamuxStream): YamuxStream {
  /** Received, and not given back to the sender's window. */
  let heldBytes = 0
  let isWide = false
  // What its next frame brings the sender's window to.
  Object.assign(stream, { recvWindow: STREAM_WINDOW_WIDE_BYTES })
  const handle = stream.handleData.bind(stream)
  stream.handleData = frame => {
    const { header } = frame
    heldBytes += header.length
    if ((header.flag & FIN) === 0 || header.length === 0) return handle(frame)
    // It would be looked at first, and what the frame carries dropped.
    handle({ ...frame, header: { ...header, flag: header.flag & ~FIN } })
    stream.handleWindowUpdate({ header: { ...header, flag: FIN, length: 0 } })
  }
  const widen = stream.handleWindowUpdate.bind(stream)
  stream.handleWindowUpdate = frame => {
    widen(frame)
    // It would send all that the window allows as one frame.
    stream.maxMessageSize = Math.min(stream.maxMessageSize ?? FRAME_MAX_BYTES, FRAME_MAX_BYTES)
  }
  const send = stream.sendWindowUpdate.bind(stream)
  stream.sendWindowUpdate = () => {
    if (stream.state === StreamState.Established && heldBytes < WINDOW_STEP_BYTES && isWide) return
    // A paused stream sends nothing; what it holds counts when it goes on.
    if (stream.state !== StreamState.Paused) {
      heldBytes = 0
      isWide = true
    }
    send()
  }
  return stream
}
