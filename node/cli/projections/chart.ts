/** The loss chart as one SVG file of our own: opens offline in any browser. */
import type { RoundLine } from './progress.ts'

const WIDTH = 760
const HEIGHT = 380
const MARGIN = { left: 56, right: 132, top: 24, bottom: 44 }
/** Entropies of the default corpus in nats a byte: what a model that only counts 1, 2 or 3 bytes reaches. */
const CORPUS_LINES = [
  { label: 'unigram 3.10', value: 3.1 },
  { label: 'bigram 2.40', value: 2.4 },
  { label: 'trigram 1.96', value: 1.96 },
] as const

export function lossChart(lines: readonly RoundLine[], title: string): string {
  const first = lines[0]?.round ?? 0
  const last = Math.max(first + 1, lines.at(-1)?.round ?? 1)
  const values = lines.flatMap(line => [line.train, ...(line.heldOut === null ? [] : [line.heldOut])])
  const low = Math.min(1.8, ...values) - 0.1
  const high = Math.max(3.3, ...values) + 0.1
  const x = (round: number) => MARGIN.left + ((round - first) / (last - first)) * (WIDTH - MARGIN.left - MARGIN.right)
  const y = (value: number) => MARGIN.top + ((high - value) / (high - low)) * (HEIGHT - MARGIN.top - MARGIN.bottom)
  const path = (points: readonly (readonly [number, number])[]) =>
    points.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${px.toFixed(1)} ${py.toFixed(1)}`).join('')
  const train = path(lines.map(line => [x(line.round), y(line.train)]))
  const heldOut = path(
    lines.flatMap(line => (line.heldOut === null ? [] : [[x(line.round), y(line.heldOut)] as const])),
  )
  const right = WIDTH - MARGIN.right
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(share => Math.round(first + share * (last - first)))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12">
<title>${escapeXml(title)}</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>
${CORPUS_LINES.filter(line => line.value > low && line.value < high)
  .map(
    line =>
      `<line x1="${MARGIN.left}" x2="${right}" y1="${y(line.value).toFixed(1)}" y2="${y(line.value).toFixed(1)}" stroke="#c8c8c8" stroke-dasharray="4 4"/>` +
      `<text x="${right + 8}" y="${(y(line.value) + 4).toFixed(1)}" fill="#767676">${line.label}</text>`,
  )
  .join('\n')}
${ticks.map(round => `<text x="${x(round).toFixed(1)}" y="${HEIGHT - MARGIN.bottom + 18}" text-anchor="middle" fill="#444444">${round}</text>`).join('')}
${[...new Set(values.length === 0 ? [low, high] : [low + 0.1, (low + high) / 2, high - 0.1])]
  .map(
    value =>
      `<text x="${MARGIN.left - 8}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end" fill="#444444">${value.toFixed(2)}</text>`,
  )
  .join('')}
<line x1="${MARGIN.left}" x2="${right}" y1="${HEIGHT - MARGIN.bottom}" y2="${HEIGHT - MARGIN.bottom}" stroke="#444444"/>
<line x1="${MARGIN.left}" x2="${MARGIN.left}" y1="${MARGIN.top}" y2="${HEIGHT - MARGIN.bottom}" stroke="#444444"/>
<path d="${train}" fill="none" stroke="#9db7d5" stroke-width="1.2"/>
<path d="${heldOut}" fill="none" stroke="#1f4e8c" stroke-width="2.2"/>
<text x="${right + 8}" y="${MARGIN.top + 10}" fill="#1f4e8c">held-out loss</text>
<text x="${right + 8}" y="${MARGIN.top + 28}" fill="#6d8db3">training loss</text>
<text x="${(MARGIN.left + right) / 2}" y="${HEIGHT - 8}" text-anchor="middle" fill="#444444">round</text>
<text x="${MARGIN.left}" y="${MARGIN.top - 8}" fill="#444444">nats a byte</text>
</svg>
`
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"]/g, character => `&#${character.charCodeAt(0)};`)
}
