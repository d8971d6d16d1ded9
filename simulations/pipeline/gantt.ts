/** A picture of one round: a row a peer, a bar where it computes, a shade where its stage reduces and agrees. */
import { STYLE } from '../report/style.ts'
import { element, secondsLabel, svg, text, ticks } from '../report/svg.ts'
import type { PipelineReading } from './measure.ts'
import { type Interval, union } from './shares.ts'

const WIDTH = 1080
const GUTTER = 110
const RIGHT = 16
const TOP = 30
const ROW = 16
const BAR = 11

/** An SVG file that stands alone. @param round - one that was measured; the first of them where it is left out */
export function gantt(reading: Pick<PipelineReading, 'rounds' | 'computing' | 'stageOf'>, round?: number): string {
  const chosen = round ?? reading.rounds[0]?.round ?? 0
  const spans = reading.rounds
    .filter(span => span.round === chosen)
    .sort((a, b) => reading.stageOf[a.peer]! - reading.stageOf[b.peer]! || a.peer - b.peer)
  const fromMs = Math.min(...spans.map(span => span.fromMs))
  const toMs = Math.max(...spans.map(span => span.toMs))
  const x = (ms: number) => GUTTER + ((ms - fromMs) / Math.max(1, toMs - fromMs)) * (WIDTH - GUTTER - RIGHT)
  const bar = (span: Interval, y: number, name: string) =>
    element('rect', { class: name, x: x(span.fromMs), y, width: x(span.toMs) - x(span.fromMs), height: BAR })
  const height = TOP + spans.length * ROW + 8
  // Gaps narrower than this nobody sees.
  const hiddenMs = (toMs - fromMs) / (WIDTH - GUTTER - RIGHT) / 2
  const axis = ticks(toMs - fromMs, 8).flatMap(ms => [
    element('line', { class: 'grid', x1: x(fromMs + ms), x2: x(fromMs + ms), y1: TOP - 8, y2: height }),
    text(x(fromMs + ms), TOP - 14, secondsLabel(ms), { class: 'tick', 'text-anchor': 'middle' }),
  ])
  const rows = spans.flatMap((span, row) => {
    const y = TOP + row * ROW
    const stage = reading.stageOf[span.peer]!
    const busy = reading.computing[span.peer]!.map(one => ({ ...one, toMs: one.toMs + hiddenMs }))
    const computing = union(busy).filter(one => one.toMs > span.fromMs && one.fromMs < span.committedMs)
    return [
      text(GUTTER - 10, y + BAR - 1, `stage ${stage}, p${span.peer}`, { class: 'name', 'text-anchor': 'end' }),
      bar({ fromMs: span.committedMs, toMs: span.toMs }, y, 'bar late even'),
      ...computing.map(one => bar(one, y, 'bar smooth even')),
    ]
  })
  const label = `Round ${chosen}: where each peer computes, and where its stage reduces and agrees`
  const style = element('style', {}, STYLE.slice(0, STYLE.indexOf('*{box-sizing')) + SHAPES)
  return svg(WIDTH, height, label, [style, ...axis, ...rows]).replace('<svg', '<svg xmlns="http://www.w3.org/2000/svg"')
}

/** Of the page's style, what this picture needs by itself. */
const SHAPES = `svg{font:11.5px system-ui,sans-serif;background:var(--panel)}.grid{stroke:var(--rule)}.tick{fill:var(--soft)}.name{fill:var(--ink)}
.bar.smooth{fill:var(--blue)}.bar.late{fill:var(--amber-2)}`
