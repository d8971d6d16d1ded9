/** Who told whom what, up to the violation: one lane a peer, time goes down. */
import type { SimEvent, Violation } from '../trace/types.ts'
import { peerName, sentenceOf, timeOf } from './describe.ts'
import type { MessageEvent, ReportModel } from './model.ts'
import { bytesText, element, svg, text } from './svg.ts'

const WIDTH = 1080
const GUTTER = 86
const RIGHT = 40
const TOP = 44
const MAX_LANES = 9
const MAX_ARROWS = 72
const MAX_MARKS = 60
/** Pixels between two moments: time is told in order, and long waits are cut short. */
const LEAST_STEP = 2.2
const MOST_STEP = 22
const PIXELS_A_MS = 0.25
const LABEL_GAP = 11

/** What rounds are decided with; the rest is much, and shown where there is little of this. */
const DECIDING = /^(propose|prevote|precommit|outcome|commit|idle|certificate)$/i

/** What a lane shows of its peer. */
const MARKS: ReadonlySet<SimEvent['type']> = new Set([
  'view',
  'decided',
  'certified',
  'evidence',
  'diverged',
  'halt',
  'down',
  'up',
  'suspended',
])

export interface MessageDiagram {
  readonly picture: string
  readonly fromMs: number
  readonly toMs: number
  readonly shown: number
}

/** Null where no message is known. */
export function messageDiagram(model: ReportModel, violation: Violation | null): MessageDiagram | null {
  const untilMs = violation?.atMs ?? model.endMs
  const before = model.messages().filter(message => message.atMs <= untilMs)
  const lanes = lanesOf(before, violation, model)
  const among = before.filter(({ from, to }) => lanes.includes(from) && lanes.includes(to) && from !== to)
  const deciding = among.filter(({ kind }) => DECIDING.test(kind))
  const arrows = (deciding.length >= 10 ? deciding : among).slice(-MAX_ARROWS)
  const [first] = arrows
  if (first === undefined) return null
  const marks = model.last
    .last(Number.POSITIVE_INFINITY)
    .filter(event => MARKS.has(event.type) && 'peer' in event && lanes.includes(event.peer ?? -1))
    .filter(event => event.atMs >= first.atMs && event.atMs <= untilMs)
    .slice(-MAX_MARKS)
  const moments = [
    ...arrows.flatMap(({ atMs, deliveredAtMs }) => [atMs, deliveredAtMs ?? atMs]),
    ...marks.map(({ atMs }) => atMs),
  ]
    .filter(ms => ms <= untilMs)
    .concat(violation === null ? [] : [violation.atMs])
  const { y, height } = scaleOf(moments)
  const x = (peer: number) => GUTTER + ((lanes.indexOf(peer) + 0.5) / lanes.length) * (WIDTH - GUTTER - RIGHT)
  const parts = [
    ARROW,
    ...lanes.flatMap(peer => lane(peer, x(peer), height, model, violation)),
    ...times(moments, y),
    ...arrows.map(message => arrow(message, x, y, untilMs)),
    ...labels(arrows, x, y),
    ...marks.map(event => mark(event, x, y)),
    ...(violation === null ? [] : breach(violation.atMs, y, height)),
  ]
  const picture = svg(WIDTH, height, 'Messages between the peers up to the violation', parts)
  return { picture, fromMs: first.atMs, toMs: untilMs, shown: arrows.length }
}

const ARROW =
  '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto"><path class="tip" d="M0 0l8 4l-8 4z"/></marker></defs>'

/** The peers of the violation, then those that talk most with them in their stage. */
function lanesOf(messages: readonly MessageEvent[], violation: Violation | null, model: ReportModel): number[] {
  const chosen = (violation?.peers ?? []).slice(0, MAX_LANES)
  const stages = new Set(chosen.map(peer => model.stages.get(peer)))
  const talk = new Map<number, number>()
  for (const { from, to, kind } of messages.slice(-2000)) {
    for (const peer of [from, to]) {
      const isNear = stages.size === 0 || stages.has(model.stages.get(peer))
      talk.set(peer, (talk.get(peer) ?? 0) + (DECIDING.test(kind) ? 1 : 0.01) * (isNear ? 10 : 1))
    }
  }
  const others = [...talk.entries()]
    .filter(([peer]) => !chosen.includes(peer))
    .sort(([a, m], [b, n]) => n - m || a - b)
    .map(([peer]) => peer)
  // With no violation to show, one stage's talk tells more than a bit of each.
  const stage = model.stages.get(chosen[0] ?? others[0] ?? 0)
  const same = others.filter(peer => model.stages.get(peer) === stage)
  const wanted = same.length >= 3 ? same : others
  return [...chosen, ...wanted.slice(0, MAX_LANES - chosen.length)].toSorted((a, b) => a - b)
}

function scaleOf(moments: readonly number[]): { y: (ms: number) => number; height: number } {
  const sorted = [...new Set(moments)].toSorted((a, b) => a - b)
  const at: number[] = []
  let y = TOP + 16
  sorted.forEach((ms, i) => {
    if (i > 0) y += Math.min(MOST_STEP, Math.max(LEAST_STEP, (ms - sorted[i - 1]!) * PIXELS_A_MS))
    at.push(y)
  })
  const lookUp = (ms: number) => {
    const index = sorted.findIndex(known => known >= ms)
    return at[index < 0 ? at.length - 1 : index] ?? TOP
  }
  return { y: lookUp, height: y + 34 }
}

function lane(peer: number, x: number, height: number, model: ReportModel, violation: Violation | null): string[] {
  const isLiar = model.liars.has(peer)
  const isAccused = violation?.peers.includes(peer) ?? false
  const kind = isLiar ? ' liar' : ''
  return [
    element('line', { class: `lane${kind}`, x1: x, x2: x, y1: TOP, y2: height - 8 }),
    text(x, 18, peerName(peer), { class: `peer${isAccused ? ' accused' : ''}`, 'text-anchor': 'middle' }),
    text(x, 34, `stage ${model.stages.get(peer) ?? '?'}${isLiar ? ', lies' : ''}`, {
      class: `tick${kind}`,
      'text-anchor': 'middle',
    }),
  ]
}

function times(moments: readonly number[], y: (ms: number) => number): string[] {
  const parts: string[] = []
  let last = Number.NEGATIVE_INFINITY
  for (const ms of [...new Set(moments)].toSorted((a, b) => a - b)) {
    if (y(ms) - last < 40) continue
    last = y(ms)
    parts.push(text(GUTTER - 22, last + 4, timeOf(ms), { class: 'tick', 'text-anchor': 'end' }))
    parts.push(element('line', { class: 'grid', x1: GUTTER - 14, x2: WIDTH - RIGHT, y1: last, y2: last }))
  }
  return parts
}

function arrow(
  { from, to, kind, round, bytes, atMs, deliveredAtMs }: MessageEvent,
  x: (peer: number) => number,
  y: (ms: number) => number,
  untilMs: number,
): string {
  const title = `${peerName(from)} to ${peerName(to)}: ${kind}, round ${round}, ${bytesText(bytes)}, sent ${timeOf(atMs)}, ${
    deliveredAtMs === null ? 'lost' : `arrives ${timeOf(deliveredAtMs)}`
  }`
  if (deliveredAtMs === null) {
    const half = x(from) + (x(to) - x(from)) * 0.4
    const cross = `M${half - 4} ${y(atMs) - 4}l8 8m0 -8l-8 8`
    const line = element('line', { x1: x(from), x2: half, y1: y(atMs), y2: y(atMs) })
    return element('g', { class: 'lost' }, `${line}${element('path', { d: cross })}`, title)
  }
  const isUnderWay = deliveredAtMs > untilMs
  const share = isUnderWay ? 0.7 : 1
  return element(
    'line',
    {
      class: `arrow ${isUnderWay ? 'late-arrow' : ''} ${classOf(kind)}`,
      x1: x(from),
      y1: y(atMs),
      x2: x(from) + (x(to) - x(from)) * share,
      y2: y(Math.min(deliveredAtMs, untilMs)),
      'marker-end': isUnderWay ? undefined : 'url(#tip)',
    },
    '',
    title,
  )
}

/** Kinds keep their colour from one picture to the next. */
const COLOURS = ['k0', 'k1', 'k2', 'k3', 'k4'] as const
const KNOWN_KINDS = ['propose', 'prevote', 'precommit', 'outcome', 'commit']

function classOf(kind: string): string {
  const lower = kind.toLowerCase()
  const index = KNOWN_KINDS.findIndex(known => lower.includes(known))
  return COLOURS[index] ?? 'k5'
}

/** What is said stands once beside where it leaves, where there is room. */
function labels(arrows: readonly MessageEvent[], x: (peer: number) => number, y: (ms: number) => number): string[] {
  const lastY = new Map<number, number>()
  // Where all are of one kind (segments of a transport), its name tells nothing.
  if (arrows.every(({ kind }) => kind === arrows[0]?.kind)) return []
  return arrows.flatMap(({ from, kind, atMs }) => {
    const at = y(atMs)
    if (at - (lastY.get(from) ?? Number.NEGATIVE_INFINITY) < LABEL_GAP) return []
    lastY.set(from, at)
    return [text(x(from) + 5, at - 2, kind, { class: `kind ${classOf(kind)}-text` })]
  })
}

function mark(event: SimEvent, x: (peer: number) => number, y: (ms: number) => number): string {
  const peer = 'peer' in event ? (event.peer ?? 0) : 0
  const title = `${timeOf(event.atMs)}: ${sentenceOf(event)}`
  return element('circle', { class: `mark mark-${event.type}`, cx: x(peer), cy: y(event.atMs), r: 4.5 }, '', title)
}

function breach(atMs: number, y: (ms: number) => number, height: number): string[] {
  const at = y(atMs)
  return [
    element('line', { class: 'broken', x1: GUTTER - 14, x2: WIDTH - RIGHT, y1: at, y2: at }),
    text(GUTTER - 22, Math.min(height - 6, at + 16), 'violated', { class: 'broken-text', 'text-anchor': 'end' }),
  ]
}
