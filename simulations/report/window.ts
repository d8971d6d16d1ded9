/** Keeps the last events of a run, and picks those that matter to a violation. */
import type { SimEvent, SimEventType, Violation } from '../trace/types.ts'

/** Events kept; what led to a violation is near it, and a run may be endless. */
const KEPT = 4096

/** Many, and each tells little. */
const NOISE: ReadonlySet<SimEventType> = new Set([
  'message',
  'gauge',
  'micro-batch',
  'block',
  'seat',
  'record',
  'paid',
  'recomputed',
])
const ALWAYS: ReadonlySet<SimEventType> = new Set([
  'fault',
  'healed',
  'attacked',
  'evidence',
  'diverged',
  'halt',
  'end',
])

export class LastEvents {
  readonly #ring: SimEvent[] = []
  #next = 0

  add(event: SimEvent): void {
    if (NOISE.has(event.type)) return
    if (this.#ring.length < KEPT) this.#ring.push(event)
    else this.#ring[this.#next] = event
    this.#next = (this.#next + 1) % KEPT
  }

  /**
   * The last `count` up to the violation that its peers had a part in, or that befell the swarm; of their stages, where those
   * are too few. In order.
   */
  before(violation: Violation, count: number): SimEvent[] {
    const peers = new Set(violation.peers)
    const events = this.#inOrder().filter(({ atMs }) => atMs <= violation.atMs)
    const near = events.filter(event => ALWAYS.has(event.type) || peers.size === 0 || touches(event, peers))
    if (near.length >= count) return near.slice(-count)
    const stages = new Set(near.flatMap(event => ('stage' in event && touches(event, peers) ? [event.stage] : [])))
    const kept = new Set(near)
    return events.filter(event => kept.has(event) || ('stage' in event && stages.has(event.stage))).slice(-count)
  }

  /** The last `count`, whatever they are. */
  last(count: number): SimEvent[] {
    return this.#inOrder().slice(-count)
  }

  #inOrder(): SimEvent[] {
    return this.#ring.length < KEPT ? this.#ring : [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)]
  }
}

function touches(event: SimEvent, peers: ReadonlySet<number>): boolean {
  if ('peer' in event && event.peer !== undefined && peers.has(event.peer)) return true
  return 'peers' in event && event.peers.some(peer => peers.has(peer))
}
