/** A peer without a bond that speaks the wire: it dials whom it likes and says what it likes. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey, Stream } from '@libp2p/interface'
import { createNetwork, type Network } from '../../../node/network/index.ts'
import { digestOf } from '../../../node/peer/digest.ts'
import { makeSystem } from '../../../node/peer/system.ts'
import { PeerStreams } from '../../../protocols/wire/frames/peer-streams.ts'
import type { Message } from '../../../protocols/wire/frames/types.ts'
import type { PeerName } from '../../../protocols/wire/messages.ts'
import type { Refusal } from '../../../protocols/wire/refusals.ts'

const PATIENCE_MS = 20_000

export class Stranger {
  readonly key: Ed25519PrivateKey
  readonly #network: Network
  readonly #folder: string
  readonly #streams = new Map<string, PeerStreams>()

  private constructor(key: Ed25519PrivateKey, network: Network, folder: string) {
    this.key = key
    this.#network = network
    this.#folder = folder
  }

  static async start(): Promise<Stranger> {
    const key = await generateKeyPair('Ed25519')
    const folder = mkdtempSync(join(tmpdir(), 'swarm-stranger-'))
    const network = await createNetwork({
      privateKey: key,
      listen: [],
      announce: [],
      bootstrap: [],
      profile: 'local',
      datastoreDir: folder,
      records: { namespace: 'none', validate: async () => undefined, select: () => 0 },
      ...makeSystem(),
      signal: new AbortController().signal,
    })
    return new Stranger(key, network, folder)
  }

  get name(): PeerName {
    return this.#network.peer
  }

  async dial(peer: PeerName, address: string): Promise<void> {
    await this.#network.dialPeer(peer, { addresses: [address], signal: AbortSignal.timeout(PATIENCE_MS) })
  }

  /** Asks in a protocol's frames; whatever header and body. */
  request(peer: PeerName, protocol: string, header: unknown, body?: Uint8Array): Promise<Message | Refusal> {
    const known = this.#streams.get(protocol)
    const components = { ...this.#network.components, ...makeSystem(), digest: digestOf }
    const streams = known ?? new PeerStreams(components, { protocol, onRefusal: () => undefined })
    this.#streams.set(protocol, streams)
    return streams.request(peer, header, body, { timeoutMs: PATIENCE_MS })
  }

  /** Sends bytes that are no frames at all. Resolves when the peer has ended the stream. */
  async babble(peer: PeerName, protocol: string, bytes: Uint8Array): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE_MS)
    const connection = await this.#network.dialPeer(peer, { signal })
    const stream = await connection.newStream(protocol, { signal })
    const ended = endOf(stream, signal)
    stream.send(bytes)
    await ended
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#streams.values()].map(streams => streams.stop()))
    await this.#network.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function endOf(stream: Stream, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.addEventListener('close', () => resolve(), { once: true })
    signal.addEventListener('abort', () => reject(new Error('the peer did not end the stream')), { once: true })
  })
}
