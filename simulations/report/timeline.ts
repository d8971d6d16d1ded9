/** Rounds and views of each stage, faults on the same axis. */
import { peerNames, timeOf } from './describe.ts'
import type { FaultSpan, ReportModel, RoundSpan } from './model.ts'
import { element, secondsLabel, svg, text, ticks } from './svg.ts'

const WIDTH = 1080
const GUTTER = 150
const RIGHT = 16
const TOP = 30
const STAGE_ROW = 30
const FAULT_ROW = 20
const MAX_STAGES = 24
const MAX_FAULTS = 40
/** A bar narrower than this holds no number. */
const LABEL_WIDTH = 16

export interface TimelineInit {
  readonly model: ReportModel
  /** When the first promise broke; null: none did. */
  readonly violatedMs: number | null
}

export function timeline({ model, violatedMs }: TimelineInit): string {
  const { scenario } = model
  const endMs = Math.max(1, model.endMs)
  const x = (ms: number) => GUTTER + (Math.min(ms, endMs) / endMs) * (WIDTH - GUTTER - RIGHT)
  const stages = Array.from({ length: Math.min(MAX_STAGES, scenario.swarm.stages) }, (_, stage) => stage)
  const faults = model.faults.slice(0, MAX_FAULTS)
  const faultTop = TOP + stages.length * STAGE_ROW + 26
  const height = faults.length === 0 ? faultTop - 12 : faultTop + faults.length * FAULT_ROW + 8
  const parts = [
    HATCH,
    ...axis(endMs, x, height),
    ...stages.flatMap(stage => stageRow(model, stage, x)),
    ...hidden(scenario.swarm.stages - stages.length, 'more stages', TOP + stages.length * STAGE_ROW + 12),
    ...faults.flatMap((fault, row) => faultRow(fault, faultTop + row * FAULT_ROW, x, endMs)),
    ...marker(scenario.healAtMs > 0 ? scenario.healAtMs : null, 'heal', 'faults are over', x, height, endMs),
    ...marker(violatedMs, 'broken', 'violated', x, height, endMs),
  ]
  return svg(WIDTH, height, 'Rounds and views of each stage over virtual time, with the faults', parts)
}

const HATCH =
  '<defs><pattern id="hatch" width="6" height="6" patternTransform="rotate(45)" patternUnits="userSpaceOnUse"><rect width="6" height="6" class="skip-ground"/><rect width="2" height="6" class="skip-line"/></pattern></defs>'

function axis(endMs: number, x: (ms: number) => number, height: number): string[] {
  return ticks(endMs, 8).flatMap(ms => [
    element('line', { class: 'grid', x1: x(ms), x2: x(ms), y1: TOP - 8, y2: height }),
    text(x(ms), TOP - 14, secondsLabel(ms), { class: 'tick', 'text-anchor': 'middle' }),
  ])
}

function stageRow(model: ReportModel, stage: number, x: (ms: number) => number): string[] {
  const y = TOP + stage * STAGE_ROW
  const spans = [...model.rounds.values()].filter(span => span.stage === stage).sort((a, b) => a.openedMs - b.openedMs)
  return [
    text(GUTTER - 12, y + 18, `stage ${stage}`, { class: 'name', 'text-anchor': 'end' }),
    ...spans.flatMap(span => roundBar(span, y, x, model.endMs)),
    ...model.views
      .filter(change => change.stage === stage)
      .map(change =>
        element(
          'path',
          { class: 'view', d: `M${x(change.atMs).toFixed(1)} ${y + 3}l4 -6h-8z` },
          '',
          `stage ${stage}, round ${change.round}: view ${change.view} at ${timeOf(change.atMs)}`,
        ),
      ),
  ]
}

function roundBar(span: RoundSpan, y: number, x: (ms: number) => number, endMs: number): string[] {
  const from = x(span.openedMs)
  const width = Math.max(1.5, x(span.certifiedMs ?? span.decidedMs ?? endMs) - from - 1)
  const kind = span.certifiedMs === null ? 'open' : span.view > 0 ? 'late' : 'smooth'
  const shade = span.skip ? 'skip' : `${kind} ${span.round % 2 === 0 ? 'even' : 'odd'}`
  const title =
    `stage ${span.stage}, round ${span.round}: opened ${timeOf(span.openedMs)}` +
    (span.decidedMs === null ? ', not decided' : `, decided in view ${span.view} at ${timeOf(span.decidedMs)}`) +
    (span.certifiedMs === null
      ? ', no certificate'
      : `, certified ${timeOf(span.certifiedMs)} by ${span.certifiedBy}`) +
    (span.skip ? ', skipped' : '')
  const split =
    span.decidedMs === null || span.certifiedMs === null
      ? []
      : [element('line', { class: 'decided', x1: x(span.decidedMs), x2: x(span.decidedMs), y1: y + 4, y2: y + 24 })]
  const label =
    width < LABEL_WIDTH
      ? []
      : [text(from + width / 2, y + 18, String(span.round), { class: 'round', 'text-anchor': 'middle' })]
  return [
    element('rect', { class: `bar ${shade}`, x: from, y: y + 4, width, height: 20, rx: 3 }, '', title),
    ...split,
    ...label,
  ]
}

function faultRow(fault: FaultSpan, y: number, x: (ms: number) => number, endMs: number): string[] {
  const from = x(fault.fromMs)
  const width = Math.max(3, x(fault.toMs ?? endMs) - from)
  const who = peerNames(fault.peers)
  const title = `${fault.kind}${who === '' ? '' : ` at ${who}`}: ${timeOf(fault.fromMs)} to ${fault.toMs === null ? 'the end' : timeOf(fault.toMs)}`
  const isLeft = from + width < WIDTH * 0.72
  return [
    text(GUTTER - 12, y + 13, fault.kind, { class: 'name', 'text-anchor': 'end' }),
    element('rect', { class: 'fault', x: from, y: y + 4, width, height: 11, rx: 3 }, '', title),
    text(isLeft ? from + width + 6 : from - 6, y + 13, who, {
      class: 'tick',
      'text-anchor': isLeft ? 'start' : 'end',
    }),
  ]
}

function marker(
  atMs: number | null,
  kind: string,
  words: string,
  x: (ms: number) => number,
  height: number,
  endMs: number,
): string[] {
  if (atMs === null || atMs > endMs) return []
  const isLeft = x(atMs) < WIDTH - 120
  return [
    element('line', { class: kind, x1: x(atMs), x2: x(atMs), y1: TOP - 6, y2: height }),
    text(x(atMs) + (isLeft ? 5 : -5), height - 3, words, {
      class: `${kind}-text`,
      'text-anchor': isLeft ? 'start' : 'end',
    }),
  ]
}

function hidden(count: number, what: string, y: number): string[] {
  return count <= 0 ? [] : [text(GUTTER - 12, y, `and ${count} ${what}`, { class: 'tick', 'text-anchor': 'end' })]
}
