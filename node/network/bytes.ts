/**
 * Counts what is sent, by kind of traffic, through libp2p's metrics hooks. Only sending is counted: a listener for what
 * arrives would have to be attached before the protocol's own, and libp2p then dispatches the first bytes to nobody else.
 */
import type { Metrics, MultiaddrConnection, Stream } from '@libp2p/interface'
import { BYTE_KINDS_MAX } from './constants.ts'
import { corkPerTurn } from './cork.ts'
import type { SentBytes } from './types.ts'

const noMetric = { update: () => {}, increment: () => {}, decrement: () => {}, reset: () => {}, timer: () => () => {} }
const noHistogram = { observe: () => {}, reset: () => {}, timer: () => () => {} }
const trace = <Fn>(_name: string, traced: Fn): Fn => traced

/** Protocols whose ids are not `/swarm-node/<kind>/...`; longest prefix first. */
const KINDS: readonly (readonly [prefix: string, kind: string])[] = [
  ['/swarm-node/kad/', 'dht'],
  ['/meshsub/', 'gossip'],
  ['/floodsub/', 'gossip'],
  ['/ipfs/', 'libp2p'],
]

/** The kind of traffic that a protocol id stands for: `/swarm-node/reduce/1.0.0` -> `reduce`. */
export function kindOf(protocol: string): string {
  for (const [prefix, kind] of KINDS) if (protocol.startsWith(prefix)) return kind
  const [, owner, kind] = protocol.split('/')
  return owner === 'swarm-node' && kind !== undefined && kind !== '' ? kind : 'other'
}

export class ByteCounter {
  readonly #byKind = new Map<string, number>()
  #total = 0

  /** libp2p's `metrics` option. */
  readonly metrics = (): Metrics => ({
    trackMultiaddrConnection: connection => this.#trackConnection(connection),
    trackProtocolStream: stream => this.#trackStream(stream),
    registerMetric: () => noMetric,
    registerMetricGroup: () => noMetric,
    registerCounter: () => noMetric,
    registerCounterGroup: () => noMetric,
    registerHistogram: () => noHistogram,
    registerHistogramGroup: () => noHistogram,
    registerSummary: () => noHistogram,
    registerSummaryGroup: () => noHistogram,
    traceFunction: trace,
    createTrace: () => undefined,
  })

  sent(): SentBytes {
    return { byKind: Object.fromEntries(this.#byKind), total: this.#total }
  }

  #trackConnection(connection: MultiaddrConnection): void {
    corkPerTurn(connection)
    const send = connection.send.bind(connection)
    connection.send = data => {
      this.#total += data.byteLength
      return send(data)
    }
  }

  #trackStream(stream: Stream): void {
    const asked = kindOf(stream.protocol)
    const kind = this.#byKind.has(asked) || this.#byKind.size < BYTE_KINDS_MAX ? asked : 'other'
    const send = stream.send.bind(stream)
    stream.send = data => {
      this.#byKind.set(kind, (this.#byKind.get(kind) ?? 0) + data.byteLength)
      return send(data)
    }
  }
}
