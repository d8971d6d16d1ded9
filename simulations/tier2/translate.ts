/** What real peers say (docs/reference/events.md), in the words of a trace. */
import type { NodeEvent } from '../../node/events/types.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import type { SimEvent } from '../trace/types.ts'

export interface Speaker {
  readonly peer: number
  readonly stage: number
  readonly atMs: number
  /** Index of a peer; -1 for one that is none of the swarm. */
  readonly indexOf: (name: PeerName) => number
}

const SKIP_COMMITS = 0

export function translate(event: NodeEvent, { peer, stage, atMs, indexOf }: Speaker): readonly SimEvent[] {
  const at = { atMs, peer }
  switch (event.event) {
    case 'peer.ready':
      return [{ type: 'up', ...at }]
    case 'synced':
      return [{ type: 'synced', ...at, round: event.round, by: event.by }]
    case 'suspended':
      return [{ type: 'suspended', ...at, by: event.reason }]
    case 'resumed':
      return [{ type: 'resumed', ...at, round: event.round }]
    case 'round.started':
      return [{ type: 'round.opened', ...at, stage, round: event.round }]
    case 'round.view':
      return [{ type: 'view', ...at, stage, round: event.round, view: event.view }]
    case 'round.certified':
      return certified(event, { peer, stage, atMs, indexOf })
    case 'round.anchored': {
      const { from, to: round, link, block: height } = event
      return [{ type: 'anchored', ...at, stage: event.stage, round, from, link, height, final: true }]
    }
    case 'evidence':
      return [{ type: 'evidence', ...at, kind: event.kind, accused: indexOf(event.peer) }]
    case 'refused':
      return [{ type: 'refused', ...at, reason: event.reason, from: event.peer === '' ? null : indexOf(event.peer) }]
    case 'loss': {
      const { round, train, heldOut } = event
      return [{ type: 'loss', ...at, stage, round, train, ...(heldOut === null ? {} : { heldOut }) }]
    }
    default:
      return []
  }
}

function certified(
  event: Extract<NodeEvent, { event: 'round.certified' }>,
  { peer, stage, atMs, indexOf }: Speaker,
): readonly SimEvent[] {
  const { round, view, value, outcome, state, parent, next } = event
  const skip = event.commits === SKIP_COMMITS
  const of = { atMs, peer, stage, round, view, value, skip }
  const sealed = event.sealed.map(one => ({
    peer: indexOf(one.peer),
    count: one.count,
    trace: one.trace.map(id => microBatchOf(id, indexOf)),
  }))
  const signers = event.signers.map(indexOf)
  const events: SimEvent[] = [
    { type: 'decided', ...of },
    { type: 'certified', ...of, outcome, state, parent, sealed, signers, next },
  ]
  if (next === 'adopt') events.push({ type: 'diverged', atMs, peer, stage, round, reason: 'it computes differently' })
  return events
}

/** `<source>/<sequence>`, the source by its index. */
function microBatchOf(id: string, indexOf: (name: PeerName) => number): string {
  const [source = '', sequence = ''] = id.split('/')
  return `${indexOf(source)}/${sequence}`
}

const SYNCED = { local: 'restored-from-disk', replay: 'catch-up/replay', snapshot: 'catch-up/snapshot' } as const

/** The "sometimes" assertion that an event fulfils; null where it is none. */
export function reachedBy(event: NodeEvent): string | null {
  switch (event.event) {
    case 'evidence':
      return `evidence/${event.kind}`
    case 'suspended':
      return 'journal-suspended'
    case 'resumed':
      return 'journal-resumed'
    case 'synced':
      return SYNCED[event.by]
    case 'round.view':
      return 'view-changed'
    case 'round.certified':
      return event.commits === SKIP_COMMITS ? 'skipped' : null
    default:
      return null
  }
}
