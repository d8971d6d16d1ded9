import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect } from 'chai'
import type { RoundStore } from '../../../node/journal/index.ts'
import { type BandwidthLimits, SNAPSHOT_CHUNK_BYTES, type StateSource } from '../../../protocols/state/index.ts'
import {
  certify,
  makeState,
  openStore,
  ROUND,
  type StatePeer,
  sourceOf,
  startStatePeer,
  withFolder,
} from './state-peer.ts'

const CHUNKS = 24
const STATE = makeState(CHUNKS * SNAPSHOT_CHUNK_BYTES - 1000)
const { wanted, head } = certify(STATE)
const ASKER = new URL('./asker.ts', import.meta.url).pathname

interface Holder {
  readonly peer: StatePeer
  /** Chunks that it has served. */
  served: number
}

describe('state from real peers', function () {
  this.timeout(60_000)
  let running: StatePeer[]

  beforeEach(() => {
    running = []
  })
  afterEach(() => Promise.all(running.map(peer => peer.stop())))

  /** @param change - what it serves in place of the truth; called before each chunk */
  async function hold(
    store: RoundStore,
    change: (holder: Holder, piece: Uint8Array | null) => Uint8Array | null = (_, piece) => piece,
    bandwidth?: BandwidthLimits,
  ): Promise<Holder> {
    const truth = sourceOf(store)
    const source: StateSource = {
      ...truth,
      async snapshotPiece(round, offset, bytes) {
        holder.served++
        return change(holder, await truth.snapshotPiece(round, offset, bytes))
      },
    }
    const peer = await startStatePeer({ source, ...(bandwidth === undefined ? {} : { bandwidth }) })
    const holder: Holder = { peer, served: 0 }
    running.push(peer)
    return holder
  }

  it('comes whole from three of which one lies and one dies midway, and the liar is told by name', () =>
    withFolder(async folder => {
      const store = await openStore(`${folder}/held`)
      await store.putSnapshot(head, STATE)
      const honest = await hold(store)
      const liar = await hold(store, (_, piece) => piece?.fill(1) ?? null)
      const mortal = await hold(store, (holder, piece) => {
        if (holder.served === 4) void holder.peer.node.stop()
        return piece
      })
      const own = await openStore(`${folder}/own`)
      const asker = await startStatePeer({ source: sourceOf(own) })
      running.push(asker)
      const holders = [liar, mortal, honest]
      for (const { peer } of holders) await asker.know(peer)
      const sink = await own.incoming({ round: ROUND, link: head.link, state: head.state, fullRoot: head.fullRoot })
      const names = holders.map(({ peer }) => peer.name)
      expect(await asker.state.snapshot(names, wanted, sink)).to.equal(null)
      expect(Buffer.compare(await sink.state(), STATE)).to.equal(0)
      expect(asker.refused).to.deep.equal([['wrong-hash', liar.peer.name]])
      expect(liar.served).to.equal(1)
      expect(mortal.served).to.be.at.least(4)
      await own.takeIncoming(ROUND, sink)
      expect(own.snapshots[0]).to.include({ round: ROUND, bytes: STATE.length })
      await own.close()
      await store.close()
    }))

  it('goes on after kill -9 from what is on the disk', () =>
    withFolder(async folder => {
      const store = await openStore(`${folder}/held`)
      await store.putSnapshot(head, STATE)
      // Slow enough to be caught in the middle.
      const bandwidth = {
        bytesPerSecond: 12 * SNAPSHOT_CHUNK_BYTES,
        burstBytes: 2 * SNAPSHOT_CHUNK_BYTES,
        maxWaitMs: 3_000,
      }
      const holder = await hold(store, undefined, bandwidth)
      const start = (): ChildProcess =>
        spawn(process.execPath, [ASKER, `${folder}/own`, String(STATE.length), ...holder.peer.addresses], {
          stdio: ['ignore', 'pipe', 'inherit'],
        })
      const first = start()
      const killed = once(first, 'exit')
      for await (const line of createInterface({ input: first.stdout! })) {
        if (bytesOf(line) >= 8 * SNAPSHOT_CHUNK_BYTES) break
      }
      const gone = new Promise(resolve => holder.peer.node.addEventListener('peer:disconnect', resolve, { once: true }))
      first.kill('SIGKILL')
      await Promise.all([killed, gone])
      const before = holder.served
      const second = start()
      const ended = once(second, 'exit')
      const told: number[] = []
      for await (const line of createInterface({ input: second.stdout! })) told.push(bytesOf(line))
      expect(await ended).to.deep.equal([0, null])
      expect(told[0]).to.be.at.least(8 * SNAPSHOT_CHUNK_BYTES)
      expect(told.at(-1)).to.equal(STATE.length)
      expect(holder.served - before).to.equal(told.length - 1)
      expect(holder.served - before).to.be.at.most(CHUNKS - 8)
      const own = await openStore(`${folder}/own`)
      const { snapshot } = await own.recover()
      expect(Buffer.compare(snapshot?.state ?? new Uint8Array(0), STATE)).to.equal(0)
      expect(own.unfinished).to.equal(null)
      await own.close()
      await store.close()
    }))
})

function bytesOf(line: string): number {
  const value: unknown = JSON.parse(line)
  if (typeof value !== 'object' || value === null || !('bytes' in value)) throw new Error(line)
  return Number(value.bytes)
}
