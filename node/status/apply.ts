/** A peer's status as its events tell it; pure. */
import type { ContentId } from '../../protocols/wire/messages.ts'
import type { NodeEvent, NodeEvents } from '../events/types.ts'
import { type PeerStatus, STATUS_VERSION } from './types.ts'

export function firstStatus(run: ContentId, pid: number, nowMs: number): PeerStatus {
  return {
    version: STATUS_VERSION,
    run,
    peer: '',
    stage: -1,
    pid,
    startedMs: nowMs,
    updatedMs: nowMs,
    addresses: [],
    round: null,
    anchored: null,
    place: null,
    lacking: [],
    waiting: '',
    suspended: '',
    reachability: null,
    connections: { direct: 0, relayed: 0 },
    stopped: null,
  }
}

/** The same object where the event changes nothing that the status tells. */
export function applyEvent(status: PeerStatus, event: NodeEvent): PeerStatus {
  switch (event.event) {
    case 'peer.ready': {
      const { peer, stage, addresses } = event
      return { ...status, peer, stage, addresses }
    }
    case 'reachability':
      return { ...status, reachability: { state: event.state, via: event.via } }
    case 'waiting':
      return { ...status, waiting: event.for }
    case 'sync.progress': {
      const { bytes, of, sources } = event
      return { ...status, sync: { bytes, of, sources } }
    }
    case 'pausing':
      return { ...status, pause: { untilHeight: null } }
    case 'paused':
      return { ...status, pause: { untilHeight: event.untilHeight } }
    case 'round.started':
      return withoutSync(status)
    case 'place': {
      const { peer, role, stage, epoch } = event
      return { ...status, peer, stage: stage ?? -1, place: { role, stage, epoch, for: event.for } }
    }
    case 'shortage':
      return { ...status, lacking: event.lacking.some(count => count > 0) ? event.lacking : [] }
    case 'followed':
    case 'synced':
      return reached(withoutSync(status), event.round)
    case 'round.certified':
      return reached(status, event.round)
    case 'round.anchored':
      return event.stage === status.stage && event.to > (status.anchored ?? 0)
        ? { ...status, anchored: event.to }
        : status
    case 'checkpoint.kept':
      return { ...status, kept: { stage: event.stage, round: event.round } }
    case 'stage.lost': {
      const { stage, untilHeight, needs } = event
      return withLost(status, stage, { stage, untilHeight, needs })
    }
    case 'stage.kept':
      return withLost(status, event.stage, null)
    case 'stage.recovered':
      return goneBack(withLost(status, event.stage, null), event)
    case 'suspended':
      return event.reason === 'second-machine'
        ? { ...status, suspended: event.reason, secondMachine: (status.secondMachine ?? 0) + 1 }
        : { ...status, suspended: event.reason }
    case 'resumed':
      return { ...status, suspended: '' }
    default:
      return status
  }
}

function reached(status: PeerStatus, round: number): PeerStatus {
  return round > (status.round ?? 0) ? { ...status, round, waiting: '' } : status
}

/** What was anchored after the base is not final any more. */
function goneBack(status: PeerStatus, { stage, base }: NodeEvents['stage.recovered']): PeerStatus {
  const { anchored } = status
  return stage === status.stage && anchored !== null && anchored > base ? { ...status, anchored: base } : status
}

function withLost(status: PeerStatus, stage: number, now: NodeEvents['stage.lost'] | null): PeerStatus {
  const { lost = [], ...rest } = status
  const others = [...lost.filter(one => one.stage !== stage), ...(now === null ? [] : [now])]
  return others.length === 0 ? rest : { ...rest, lost: others.toSorted((a, b) => a.stage - b.stage) }
}

function withoutSync(status: PeerStatus): PeerStatus {
  if (status.sync === undefined) return status
  const { sync: _, ...rest } = status
  return rest
}
