/** Loss over rounds, bytes over time, bytes by kind. */
import { peerNames } from './describe.ts'
import type { ReportModel } from './model.ts'
import { bytesText, element, escapeText, secondsLabel, svg, text, ticks } from './svg.ts'

const WIDTH = 520
const HEIGHT = 210
const LEFT = 62
const RIGHT = 18
const TOP = 16
const BOTTOM = 30
const ANCHORS = ['start', 'middle', 'end'] as const

/** Null where the run measured none. */
export function lossChart(model: ReportModel): string | null {
  const points = [...model.losses.values()].toSorted((a, b) => a.round - b.round)
  const values = points.flatMap(({ train, heldOut }) => [train, heldOut].filter(value => value !== null))
  if (values.length === 0) return null
  const low = Math.min(...values)
  const high = Math.max(...values, low + 1e-3)
  const first = points[0]!.round
  const last = Math.max(first + 1, points.at(-1)!.round)
  const x = (round: number) => LEFT + ((round - first) / (last - first)) * (WIDTH - LEFT - RIGHT)
  const y = (value: number) => TOP + ((high - value) / (high - low)) * (HEIGHT - TOP - BOTTOM)
  const line = (name: 'train' | 'heldOut') =>
    points.flatMap(point => (point[name] === null ? [] : [`${x(point.round).toFixed(1)},${y(point[name]).toFixed(1)}`]))
  return svg(WIDTH, HEIGHT, 'Loss by round', [
    ...[low, (low + high) / 2, high].flatMap(value => level(y(value), value.toFixed(3))),
    ...[first, Math.round((first + last) / 2), last].map((round, i) =>
      text(x(round), HEIGHT - 8, `round ${round}`, { class: 'tick', 'text-anchor': ANCHORS[i] }),
    ),
    element('polyline', { class: 'line soft', points: line('train').join(' ') }),
    element('polyline', { class: 'line', points: line('heldOut').join(' ') }),
  ])
}

/** Null where no message is known. */
export function bytesChart(model: ReportModel): string | null {
  const { buckets, bucketMs } = model
  if (buckets.length === 0) return null
  const perSecond = buckets.map(bytes => bytes / (bucketMs / 1000))
  const most = Math.max(...perSecond, 1)
  const endMs = buckets.length * bucketMs
  const x = (ms: number) => LEFT + (ms / endMs) * (WIDTH - LEFT - RIGHT)
  const y = (value: number) => HEIGHT - BOTTOM - (value / most) * (HEIGHT - TOP - BOTTOM)
  const tops = perSecond.flatMap((value, i) => [
    `${x(i * bucketMs).toFixed(1)},${y(value).toFixed(1)}`,
    `${x((i + 1) * bucketMs).toFixed(1)},${y(value).toFixed(1)}`,
  ])
  const outline = [`${LEFT},${HEIGHT - BOTTOM}`, ...tops, `${x(endMs).toFixed(1)},${HEIGHT - BOTTOM}`].join(' ')
  return svg(WIDTH, HEIGHT, 'Bytes sent a second over virtual time', [
    ...ticks(most, 3).flatMap(value => level(y(value), `${bytesText(value)}/s`)),
    ...ticks(endMs, 5).map(ms => text(x(ms), HEIGHT - 8, secondsLabel(ms), { class: 'tick', 'text-anchor': 'middle' })),
    element('polygon', { class: 'area', points: outline }),
  ])
}

/** A table with bars, the most bytes first; HTML. */
export function bytesTable(model: ReportModel): string {
  const kinds = [...model.bytesByKind.entries()].toSorted(([, a], [, b]) => b.bytes - a.bytes)
  const most = Math.max(1, kinds[0]?.[1].bytes ?? 1)
  const rows = kinds.map(
    ([kind, { messages, bytes, lost }]) =>
      `<tr><th>${escapeText(kind)}</th><td class="meter"><span style="width:${((bytes / most) * 100).toFixed(1)}%"></span></td>` +
      `<td>${bytesText(bytes)}</td><td>${messages.toLocaleString('en-US')}</td><td>${lost === 0 ? '' : `${lost.toLocaleString('en-US')} lost`}</td></tr>`,
  )
  return `<table class="bytes"><thead><tr><th>message</th><th></th><th>bytes</th><th>messages</th><th></th></tr></thead><tbody>${rows.join('')}</tbody></table>`
}

export function liarsText(model: ReportModel): string {
  return model.liars.size === 0 ? 'nobody' : peerNames([...model.liars].toSorted((a, b) => a - b))
}

function level(y: number, label: string): string[] {
  return [
    element('line', { class: 'grid', x1: LEFT, x2: WIDTH - RIGHT, y1: y, y2: y }),
    text(LEFT - 8, y + 4, label, { class: 'tick', 'text-anchor': 'end' }),
  ]
}
