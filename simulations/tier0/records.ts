/** A peer's records of the others: the shipped record book, fed by gossip and by whatever a fault makes the DHT say. */
import { RecordBook } from '../../protocols/discovery/record-book.ts'
import type { SignedRecord } from '../../protocols/discovery/types.ts'
import type { PeerName, Signed, StageRecord } from '../../protocols/wire/messages.ts'
import { isRefusal, refuse } from '../../protocols/wire/refusals.ts'
import { GOSSIP_PEERS, REQUEST_BYTES } from './constants.ts'
import { openLabel } from './labels.ts'
import type { SimPeer } from './peer.ts'

export class SimRecords {
  readonly book: RecordBook
  /** Nothing genuine gets through: an eclipse. */
  isEclipsed = false
  readonly #peer: SimPeer

  constructor(peer: SimPeer) {
    const { world } = peer
    this.#peer = peer
    this.book = new RecordBook({
      run: world.run.id,
      stages: world.scenario.swarm.stages,
      seats: { hasSeat: (name: PeerName, stage: number) => world.peerOf(name)?.stage === stage },
      codec: { open: () => Promise.resolve(refuse('not-available')) },
      onRefused: (reason, from) => peer.tell.refused(reason, from ?? peer.name, 'record'),
    })
    this.book.subscribe(({ signer, payload }) => {
      const of = world.peerOf(signer)?.index
      if (of === undefined) return
      const { sequence } = payload
      world.recorder.emit({ type: 'record', atMs: world.time.nowMs, peer: peer.index, of, sequence })
    })
  }

  /** The own record, to everybody: a start is a new address. */
  announce(): void {
    const peer = this.#peer
    const { world } = peer
    const record = world.newRecord(peer)
    const listeners = world.peers.length > GOSSIP_PEERS ? peer.siblings : world.peers
    for (const other of listeners)
      if (other !== peer)
        world.send(peer, other, 'record', 0, REQUEST_BYTES, 'control', () => other.records.hear(record))
  }

  /** By gossip. */
  hear(record: SignedRecord): void {
    if (!this.isEclipsed) this.offer(record.envelope)
  }

  /** By the DHT, from whoever. */
  offer(envelope: Uint8Array): void {
    const opened = openLabel(envelope)
    if (opened === null || !isRecord(opened)) {
      this.#peer.tell.refused('bad-signature', this.#peer.name, 'record')
      return
    }
    const taken = this.book.admitOpened(opened, null)
    if (isRefusal(taken)) this.#peer.world.recorder.reached(`record-refused/${taken.refused}`, this.#peer.index)
  }
}

function isRecord(signed: Signed): signed is Signed<StageRecord> {
  return signed.payload.kind === 'record'
}
