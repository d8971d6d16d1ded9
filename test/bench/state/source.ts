/**
 * A process that serves a snapshot: by the state protocol, and bare on a stream of its own. `node source.ts <folder>
 * <bytes a second, or 0>`; prints one line, `<address>`, and ends when its standard input closes.
 */
import type { Stream } from '@libp2p/interface'
import { PinnedFolder } from '../../../node/export/pinned-folder.ts'
import { RoundStore } from '../../../node/journal/index.ts'
import { digestOf } from '../../../node/peer/digest.ts'
import { makeSystem } from '../../../node/peer/system.ts'
import { setMemoryFlags } from '../../../node/run/v8.ts'
import { servedAt } from '../../../protocols/state/index.ts'
import { PeerStreams } from '../../../protocols/wire/frames/index.ts'
import { sourceOf, startStatePeer } from '../../integration/state/state-peer.ts'
import { MIB, RAW_PROTOCOL, ROUND_PROTOCOL } from './protocols.ts'

// As a peer does.
setMemoryFlags()

/** More than this machine can send. */
const UNLIMITED = 64 * 1024 * MIB

const [folder = '', bytesPerSecond = ''] = process.argv.slice(2)
const store = await RoundStore.open({
  storage: await PinnedFolder.open(folder),
  stage: 0,
  stages: 1,
  digest: digestOf,
})
const limit = Number(bytesPerSecond)
const bandwidth = limit === 0 ? servedAt(UNLIMITED) : { ...servedAt(limit), burstBytes: MIB }
const peer = await startStatePeer({ source: sourceOf(store), bandwidth })

/** The snapshot's bytes from memory, 1 MiB after the other. */
const [head] = store.snapshots
const bytes = head === undefined ? null : await store.snapshotPiece(head.round, 0, head.bytes)
if (bytes === null) throw new Error(`${folder} holds no snapshot`)
await peer.node.handle(RAW_PROTOCOL, stream => {
  stream.addEventListener('message', () => void sendAll(stream, bytes), { once: true })
})

async function sendAll(stream: Stream, all: Uint8Array): Promise<void> {
  for (let offset = 0; offset < all.length; offset += MIB) {
    while (stream.writableNeedsDrain || stream.writeBufferLength > MIB) {
      await new Promise<void>(resolve => {
        stream.addEventListener('drain', () => resolve(), { once: true })
        stream.addEventListener('idle', () => resolve(), { once: true })
      })
    }
    stream.send(all.subarray(offset, offset + MIB))
  }
}

/** What a sibling does with this peer in a round: asks for a tensor, of as many bytes as the header says. */
const round = new PeerStreams(
  { ...peer.node.services.parts, ...makeSystem(), digest: digestOf },
  {
    protocol: ROUND_PROTOCOL,
    onRefusal: reason => console.error(reason),
    onRequest: async header => ({ header: null, body: new Uint8Array(Number(header)).fill(3) }),
  },
)
await round.start()

console.log(peer.addresses[0])
process.stdin.on('close', () => process.exit(0)).resume()
