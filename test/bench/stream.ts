/**
 * What framing, headers and checks cost on a stream: 1 MiB tensors as messages against the same bytes hashed at both ends
 * but sent bare, on one connection of one process, interleaved, so that the machine's mood falls on both. Bytes without
 * hashes stand beside. Then a reader that does not read: how much is under way.
 */
import { noise } from '@chainsafe/libp2p-noise'
import type { Libp2p, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import {
  type Clock,
  type Digest,
  FrameStream,
  isRefusal,
  RequestStream,
  STREAM_WINDOW_BYTES,
} from '../../protocols/wire/index.ts'
import { atLeast, atMost, type Benchmark, compare, comparePairs, type Figure } from './measure.ts'

const MIB = 1 << 20
const TENSORS = 48
const TURNS = 15
/** Messages or hashes under way; enough to overlap hashing, which is off the main thread, with sending. */
const WIDTH = 8
const TARGET = atLeast(0.9)
const SLOW_READER_BOUND_MIB = 64
/** More than the bound, or it could not be missed. */
const SLOW_TENSORS = 4 * SLOW_READER_BOUND_MIB
const SLOW_READ_MS = 5

export const stream: Benchmark = {
  about: '1 MiB tensors over one connection with noise and yamux, both ends in this process',
  run: benchStream,
}

const digest: Digest = async bytes =>
  new Uint8Array(
    await crypto.subtle.digest(
      'SHA-256',
      new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength),
    ),
  )

const clock: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
}

async function* benchStream(signal: AbortSignal): AsyncGenerator<Figure> {
  const [near, far] = await Promise.all([createNode([]), createNode(['/ip4/127.0.0.1/tcp/0'])])
  try {
    const connection = await near.dial(far.getMultiaddrs())
    let nextProtocol = 0
    const openPair = async (): Promise<[Stream, Stream]> => {
      const protocol = `/bench/${nextProtocol++}`
      const accepted = new Promise<Stream>(resolve => void far.handle(protocol, stream => resolve(stream)))
      return [await connection.newStream(protocol), await accepted]
    }
    yield* throughput(openPair, signal)
    yield await slowReader(openPair)
  } finally {
    await Promise.all([near.stop(), far.stop()])
  }
}

type OpenPair = () => Promise<[Stream, Stream]>

async function* throughput(openPair: OpenPair, signal: AbortSignal): AsyncGenerator<Figure> {
  const ways = {
    messages: await sendMessages(openPair),
    hashed: await sendBare(openPair, true),
    bare: await sendBare(openPair, false),
  }
  const rates = { messages: [] as number[], hashed: [] as number[], bare: [] as number[] }
  const order = ['messages', 'hashed', 'bare'] as const
  for (let round = 0; round <= TURNS; round++) {
    signal.throwIfAborted()
    for (let turn = 0; turn < order.length; turn++) {
      const way = order[(round + turn) % order.length]!
      const startMs = performance.now()
      await ways[way]()
      const megabytesPerSecond = (TENSORS * MIB) / 1e3 / (performance.now() - startMs)
      // The first round warms up.
      if (round > 0) rates[way].push(megabytesPerSecond)
    }
  }
  const name = 'as messages, beside the same bytes hashed at both ends but sent bare'
  yield comparePairs({ name, unit: 'MB/s' }, rates.messages, rates.hashed, TARGET)
  // No target: the price of hashing, which every design pays.
  yield comparePairs({ name: 'hashed at both ends, beside plain bytes', unit: 'MB/s' }, rates.hashed, rates.bare, null)
}

/** Sends all tensors as notes; done when the last was handled. */
async function sendMessages(openPair: OpenPair): Promise<() => Promise<void>> {
  const [a, b] = await openPair()
  let handled = 0
  let onAll = (): void => undefined
  const onRefusal = (reason: string): void => {
    throw new Error(`refused: ${reason}`)
  }
  const writer = new RequestStream(a, { clock, digest, peer: 'far', onRefusal })
  new RequestStream(b, {
    clock,
    digest,
    peer: 'near',
    onRefusal,
    onNote: async () => {
      if (++handled % TENSORS === 0) onAll()
      return null
    },
  })
  const tensor = createTensor()
  const header = { kind: 'forward', dtype: 'f32', shape: [8, 128, 256], attachments: [new Uint8Array(400)] }
  return async () => {
    const all = new Promise<void>(resolve => {
      onAll = resolve
    })
    await inParallel(async () => {
      const refusal = await writer.notify(header, tensor)
      if (isRefusal(refusal)) throw new Error(refusal.refused)
    })
    await all
  }
}

/** Sends all tensors back to back; the receiver copies each to one buffer, as every user of one needs. */
async function sendBare(openPair: OpenPair, hashed: boolean): Promise<() => Promise<void>> {
  const [a, b] = await openPair()
  a.maxReadBufferLength = b.maxReadBufferLength = 2 * STREAM_WINDOW_BYTES
  let current = new Uint8Array(MIB)
  let filled = 0
  let received = 0
  let onAll = (): void => undefined
  const finish = async (tensor: Uint8Array): Promise<void> => {
    if (hashed) await digest(tensor)
    if (++received % TENSORS === 0) onAll()
  }
  b.addEventListener('message', event => {
    for (const part of event.data instanceof Uint8Array ? [event.data] : event.data) {
      for (let position = 0; position < part.byteLength; ) {
        const piece = part.subarray(position, position + MIB - filled)
        current.set(piece, filled)
        filled += piece.byteLength
        position += piece.byteLength
        if (filled < MIB) continue
        void finish(current)
        current = new Uint8Array(MIB)
        filled = 0
      }
    }
  })
  const tensor = createTensor()
  let lastSend: Promise<void> = Promise.resolve()
  const send = async (): Promise<void> => {
    while (a.writableNeedsDrain || a.writeBufferLength > MIB) {
      await new Promise<void>(resolve => {
        a.addEventListener('drain', () => resolve(), { once: true })
        a.addEventListener('idle', () => resolve(), { once: true })
      })
    }
    a.send(tensor)
  }
  return async () => {
    const all = new Promise<void>(resolve => {
      onAll = resolve
    })
    await inParallel(async () => {
      if (hashed) await digest(tensor)
      lastSend = lastSend.then(send)
      await lastSend
    })
    await all
  }
}

/** What a writer that never pauses is ahead of a reader that takes one tensor in a while; the one being written counts. */
async function slowReader(openPair: OpenPair): Promise<Figure> {
  const [a, b] = await openPair()
  const [writer, reader] = [new FrameStream(a), new FrameStream(b)]
  const tensor = createTensor()
  let read = 0
  let most = 0
  const writing = (async () => {
    for (let written = 1; written <= SLOW_TENSORS; written++) {
      most = Math.max(most, written - read)
      await writer.write([[tensor]])
    }
  })()
  for (; read < SLOW_TENSORS; read++) {
    await new Promise(resolve => setTimeout(resolve, SLOW_READ_MS))
    await reader.read()
  }
  await writing
  const name = 'slow reader: written and not read, at most'
  return compare({ name, value: most, unit: 'MiB' }, SLOW_READER_BOUND_MIB, atMost(1))
}

function createNode(listen: string[]): Promise<Libp2p> {
  return createLibp2p({
    addresses: { listen },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
  })
}

/** Calls `task` for each tensor, a few at a time. */
async function inParallel(task: () => Promise<void>): Promise<void> {
  let left = TENSORS
  const worker = async (): Promise<void> => {
    while (left-- > 0) await task()
  }
  await Promise.all(Array.from({ length: WIDTH }, worker))
}

function createTensor(): Uint8Array {
  return new Uint8Array(MIB).map((_, index) => index * 31)
}
