/** Events in words: one sentence each, for the terminal and the report. */
import type { SimEvent, SimEventType } from '../trace/types.ts'

/** The events that may be of a type; some share a shape. */
type Of<Type extends SimEventType, Event extends SimEvent = SimEvent> = Event extends unknown
  ? Type extends Event['type']
    ? Event
    : never
  : never

type Describe = { readonly [Type in SimEventType]: (event: Of<Type>) => string }

/** Enough of a hash to tell two apart. */
export function short(hash: string | null): string {
  return hash === null ? 'nil' : hash.slice(0, 8)
}

export function peerName(peer: number): string {
  return `p${peer}`
}

export function peerNames(peers: readonly number[]): string {
  const MOST = 8
  const names = peers.slice(0, MOST).map(peerName).join(' ')
  return peers.length > MOST ? `${names} and ${peers.length - MOST} more` : names
}

const SENTENCES: Describe = {
  seat: ({ peer, stage, name, honest }) =>
    `${peerName(peer)} sits in stage ${stage} as ${name}${honest ? '' : ', and lies'}`,
  seats: ({ stage, epoch, peers }) => `stage ${stage} has the seats ${peerNames(peers)} in epoch ${epoch}`,
  reformed: ({ stage, epoch, base, resume, peers }) =>
    `epoch ${epoch} re-forms stage ${stage} with ${peerNames(peers)}: it goes on from round ${base} with round ${resume}`,
  short: ({ stage, epoch, needs }) => `epoch ${epoch} cannot re-form stage ${stage}: it needs ${needs} more replicas`,
  renewed: ({ stage, round }) => `stage ${stage} has shown round ${round} on the chain: it is final`,
  changed: event => `${where(event)} is changed by its stage: ${event.act}`,
  up: ({ peer, by }) => `${peerName(peer)} starts${by === undefined ? '' : ` (${by})`}`,
  down: ({ peer, by }) => `${peerName(peer)} is gone${by === undefined ? '' : ` (${by})`}`,
  synced: ({ peer, round, by }) =>
    `${peerName(peer)} has caught up${round === undefined ? '' : ` to round ${round}`}${by === undefined ? '' : ` (${by})`}`,
  suspended: ({ peer }) => `${peerName(peer)} signs nothing any more: its journal does not know what it signed`,
  resumed: ({ peer }) => `${peerName(peer)} signs again`,
  fault: ({ fault, kind, peers }) => `fault ${fault} begins: ${kind} at ${peerNames(peers) || 'the swarm'}`,
  healed: ({ fault, kind }) => `fault ${fault} is over: ${kind}`,
  absent: ({ stage, round, peers }) => `${peerNames(peers) || 'nobody'} of stage ${stage} is away in round ${round}`,
  block: ({ height, hash, finalized }) => `block ${height} ${short(hash)}${finalized ? ' is final' : ''}`,
  'round.opened': at('opens the round'),
  commit: at('commits its gradient'),
  idle: at('has nothing to commit'),
  view: event => `${where(event)} goes to view ${event.view ?? 0}`,
  signed: event =>
    `${where(event)} signs ${event.kind}${event.view === undefined ? '' : ` of view ${event.view}`}${
      event.value === undefined ? '' : ` for ${short(event.value)}`
    }`,
  decided: event => `${where(event)} decides ${event.skip ? 'to skip' : short(event.value)} in view ${event.view}`,
  certified: event =>
    `${where(event)} certifies ${event.skip ? 'a skip' : short(event.value)}, outcome ${short(event.outcome)}, signed by ${event.signers.length}, ${sealed(event.sealed)}; ${NEXT[event.next]}`,
  anchored: event =>
    `${where(event)} sees rounds ${event.from} to ${event.round} ${event.final ? 'final' : 'anchored'} in block ${event.height}`,
  evidence: ({ peer, kind, accused }) => `${peerName(peer)} proves ${kind} of ${peerName(accused)}`,
  refused: ({ peer, reason, from, detail }) =>
    `${peerName(peer)} refuses ${from === null ? 'something' : `what ${peerName(from)} sent`}: ${reason}${detail === undefined ? '' : ` (${detail})`}`,
  diverged: event => `${where(event)} DIVERGES: ${event.reason}`,
  halt: event => `${where(event)} halts: ${event.reason}`,
  'micro-batch': event =>
    `${where(event)} micro-batch ${event.id} ${event.event}${event.to === undefined ? '' : ` to ${peerName(event.to)}`}`,
  loss: event => `${where(event)} loss ${event.train?.toFixed(3) ?? '-'}, held-out ${event.heldOut?.toFixed(3) ?? '-'}`,
  message: ({ from, to, kind, round, bytes, deliveredAtMs, atMs }) =>
    `${peerName(from)} -> ${peerName(to)} ${kind} r${round} ${bytes} B ${
      deliveredAtMs === null ? 'LOST' : `+${Math.round(deliveredAtMs - atMs)} ms`
    }`,
  recomputed: event =>
    `${where(event)} expects root ${short(event.expected)}; its inputs give ${event.got === null ? 'nothing any more' : short(event.got)}`,
  paid: ({ round, paid, distinct }) =>
    `round ${round} pays ${paid.join(', ')} micro-batches by stage, ${distinct} different`,
  attacked: ({ peer, attack, round }) => `${peerName(peer)} lies in round ${round}: ${attack}`,
  record: ({ peer, of, sequence }) => `${peerName(peer)} takes record ${sequence} of ${peerName(of)}`,
  gauge: ({ peer, name, value, bound }) => `${peerName(peer)} holds ${name} ${value} of at most ${bound}`,
  reached: ({ state, peer }) => `reached: ${state}${peer === undefined ? '' : ` at ${peerName(peer)}`}`,
  end: ({ reason }) => `end: ${ENDS[reason]}`,
}

const NEXT = { promote: 'it has the state', keep: 'it keeps the state', adopt: 'it takes the state over' } as const
const ENDS = { finished: 'every round is decided', limit: 'the time is up', violated: 'a promise is broken' } as const

interface OfRound {
  readonly peer: number
  readonly stage: number
  readonly round: number
}

function where({ peer, stage, round }: OfRound): string {
  return `${peerName(peer)} s${stage} r${round}`
}

function at(what: string): (event: OfRound) => string {
  return event => `${where(event)} ${what}`
}

function sealed(list: readonly { readonly count: number }[]): string {
  return `${list.reduce((sum, { count }) => sum + count, 0)} micro-batches`
}

export function sentenceOf(event: SimEvent): string {
  return (SENTENCES[event.type] as (event: SimEvent) => string)(event)
}

export function timeOf(atMs: number): string {
  return `${(atMs / 1000).toFixed(3)} s`
}

export function lineOf(event: SimEvent): string {
  return `${timeOf(event.atMs).padStart(12)}  ${sentenceOf(event)}`
}

/** Told where nobody asked for everything. */
const TOLD: ReadonlySet<SimEventType> = new Set([
  'up',
  'down',
  'synced',
  'suspended',
  'resumed',
  'fault',
  'healed',
  'attacked',
  'view',
  'decided',
  'certified',
  'evidence',
  'diverged',
  'halt',
  'loss',
  'end',
])

export function isTold(event: SimEvent): boolean {
  return TOLD.has(event.type)
}
