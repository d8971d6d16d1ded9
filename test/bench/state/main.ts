/**
 * The state of a stage of 10 M parameters, from processes of their own over TCP, noise and yamux, into a file: against the
 * bare bytes of the same connection; from three beside one; and what a sibling's tensors wait beside it.
 */
import { join } from 'node:path'
import { digestOf } from '../../../node/peer/digest.ts'
import { makeSystem } from '../../../node/peer/system.ts'
import { setMemoryFlags } from '../../../node/run/v8.ts'
import { SERVED_BYTES_PER_SECOND } from '../../../protocols/state/index.ts'
import { isRefusal, PeerStreams, STREAM_WINDOW_BYTES } from '../../../protocols/wire/index.ts'
import { openStore, ROUND, type StatePeer, sourceOf, startStatePeer } from '../../integration/state/state-peer.ts'
import { atLeast, atMost, type Benchmark, comparePairs, type Figure, median } from '../measure.ts'
import { MIB, RAW_PROTOCOL, ROUND_PROTOCOL } from './protocols.ts'
import { Rig, type Source } from './rig.ts'

/** Parameters, second moments and last aggregate, f32. */
const STATE_BYTES = 120_000_000
const SOURCES = 3
/** The first warms up. */
const TURNS = 5
const LIMITED_TURNS = 3
const TRIP_TURNS = 5
const TRIPS = 40

export const state: Benchmark = {
  about: `a state of ${STATE_BYTES / 1e6} MB from other processes into a file`,
  run: benchState,
}

async function* benchState(signal: AbortSignal): AsyncGenerator<Figure> {
  // As a peer does.
  setMemoryFlags()
  const rig = await Rig.open(STATE_BYTES)
  const own = await openStore(join(rig.folder, 'own'))
  const peer = await startStatePeer({ source: sourceOf(own) })
  try {
    const fetchFrom = async (sources: readonly Source[]): Promise<number> => {
      const { wanted, head } = rig.certified
      const { link, state: hash, fullRoot } = head
      const sink = await own.incoming({ round: ROUND, link, state: hash, fullRoot })
      const startMs = performance.now()
      const refusal = await peer.state.snapshot(
        sources.map(({ name }) => name),
        wanted,
        sink,
        { signal },
      )
      if (refusal !== null) throw new Error(refusal.refused)
      const megabytesPerSecond = STATE_BYTES / 1e3 / (performance.now() - startMs)
      await own.dropIncoming(sink)
      return megabytesPerSecond
    }
    const letGo = async (source: Source): Promise<number> => {
      const nothing = { begin: async () => {}, has: () => false, put: async () => {} }
      const startMs = performance.now()
      const refusal = await peer.state.snapshot([source.name], rig.certified.wanted, nothing, { signal })
      if (refusal !== null) throw new Error(refusal.refused)
      return STATE_BYTES / 1e3 / (performance.now() - startMs)
    }
    yield* atFullSpeed(rig, peer, fetchFrom, letGo, signal)
    yield* atLimit(rig, peer, fetchFrom, signal)
    yield* besideARound(rig, peer, signal)
  } finally {
    await peer.stop()
    await own.close()
    await rig.close()
  }
}

type FetchFrom = (sources: readonly Source[]) => Promise<number>

/** As fast as the machine goes, which three sources do not make faster: they share it. */
async function* atFullSpeed(
  rig: Rig,
  peer: StatePeer,
  fetchFrom: FetchFrom,
  letGo: (source: Source) => Promise<number>,
  signal: AbortSignal,
): AsyncGenerator<Figure> {
  const sources = await startSources(rig, peer, 0)
  const rates = { raw: [] as number[], checked: [] as number[], one: [] as number[], three: [] as number[] }
  const ways = {
    raw: () => fetchRaw(peer, sources[0]!),
    checked: () => letGo(sources[0]!),
    one: () => fetchFrom(sources.slice(0, 1)),
    three: () => fetchFrom(sources),
  }
  const order = ['raw', 'checked', 'one', 'three'] as const
  for (let turn = 0; turn <= TURNS; turn++) {
    for (let step = 0; step < order.length; step++) {
      signal.throwIfAborted()
      const way = order[(turn + step) % order.length]!
      const rate = await ways[way]()
      if (turn > 0) rates[way].push(rate)
    }
  }
  const checked = 'from one, checked and let go, beside bare bytes'
  yield comparePairs({ name: checked, unit: 'MB/s' }, rates.checked, rates.raw, atLeast(0.8))
  yield comparePairs(
    { name: 'from one into a file, beside bare bytes', unit: 'MB/s' },
    rates.one,
    rates.raw,
    atLeast(0.8),
  )
  yield comparePairs({ name: 'from three on this machine, beside one', unit: 'MB/s' }, rates.three, rates.one, null)
}

/** As peers ship: what each gives is limited, and three give more than one. */
async function* atLimit(rig: Rig, peer: StatePeer, fetchFrom: FetchFrom, signal: AbortSignal): AsyncGenerator<Figure> {
  const sources = await startSources(rig, peer, SERVED_BYTES_PER_SECOND)
  const rates = { one: [] as number[], three: [] as number[] }
  for (let turn = 0; turn < LIMITED_TURNS; turn++) {
    signal.throwIfAborted()
    rates.one.push(await fetchFrom(sources.slice(0, 1)))
    rates.three.push(await fetchFrom(sources))
  }
  const name = `from three that give ${SERVED_BYTES_PER_SECOND / MIB} MiB/s each, beside one`
  yield comparePairs({ name, unit: 'MB/s' }, rates.three, rates.one, atLeast(2.4))
}

/** A sibling's tensors, one after the other, from a peer that serves a newcomer at its limit meanwhile, or does not. */
async function* besideARound(rig: Rig, peer: StatePeer, signal: AbortSignal): AsyncGenerator<Figure> {
  const [source] = await startSources(rig, peer, SERVED_BYTES_PER_SECOND, 1)
  const components = { ...peer.node.services.parts, ...makeSystem(), digest: digestOf }
  const streams = new PeerStreams(components, { protocol: ROUND_PROTOCOL, onRefusal: () => undefined })
  const trip = async (bytes: number): Promise<number> => {
    const startMs = performance.now()
    const answer = await streams.request(source!.name, bytes)
    if (isRefusal(answer)) throw new Error(answer.refused)
    return performance.now() - startMs
  }
  const waits = {
    alone: { small: [] as number[], tensor: [] as number[] },
    beside: { small: [] as number[], tensor: [] as number[] },
  }
  for (let turn = 0; turn < TRIP_TURNS; turn++) {
    for (const way of ['alone', 'beside'] as const) {
      signal.throwIfAborted()
      const stop = way === 'beside' ? await rig.asker(source!) : null
      const times = { small: [] as number[], tensor: [] as number[] }
      for (let count = 0; count < TRIPS; count++) {
        times.small.push(await trip(1000))
        times.tensor.push(await trip(MIB))
      }
      waits[way].small.push(median(times.small))
      waits[way].tensor.push(median(times.tensor))
      await stop?.()
    }
  }
  const { alone, beside } = waits
  yield comparePairs(
    { name: 'a 1 MiB tensor beside it, and alone', unit: 'ms' },
    beside.tensor,
    alone.tensor,
    atMost(1.25),
  )
  yield comparePairs({ name: 'a message of 1 kB beside it, and alone', unit: 'ms' }, beside.small, alone.small, null)
}

async function startSources(rig: Rig, peer: StatePeer, bytesPerSecond: number, count = SOURCES): Promise<Source[]> {
  const sources = await Promise.all(Array.from({ length: count }, () => rig.source(bytesPerSecond)))
  for (const source of sources) await peer.know(source)
  return sources
}

/** As many bytes, bare: copied into buffers of 1 MiB, as every user of them needs. */
async function fetchRaw(peer: StatePeer, source: Source): Promise<number> {
  const connection = peer.node.getConnections().find(one => one.remotePeer.toString() === source.name)
  if (connection === undefined) throw new Error('not connected')
  const stream = await connection.newStream(RAW_PROTOCOL)
  stream.maxReadBufferLength = 2 * STREAM_WINDOW_BYTES
  const startMs = performance.now()
  await new Promise<void>(resolve => {
    let buffer = new Uint8Array(MIB)
    let filled = 0
    let received = 0
    stream.addEventListener('message', ({ data }) => {
      for (const part of data instanceof Uint8Array ? [data] : data) {
        for (let position = 0; position < part.byteLength; ) {
          const piece = part.subarray(position, position + MIB - filled)
          buffer.set(piece, filled)
          filled += piece.byteLength
          position += piece.byteLength
          received += piece.byteLength
          if (received === STATE_BYTES) resolve()
          if (filled < MIB) continue
          buffer = new Uint8Array(MIB)
          filled = 0
        }
      }
    })
    stream.send(Uint8Array.of(1))
  })
  const megabytesPerSecond = STATE_BYTES / 1e3 / (performance.now() - startMs)
  await stream.close()
  return megabytesPerSecond
}
