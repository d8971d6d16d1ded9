/** Small pieces of SVG. Colours are classes: the page's style knows light and dark. */

export function escapeText(text: string): string {
  return text.replace(/[<>&"]/g, character => `&#${character.charCodeAt(0)};`)
}

type Attributes = Readonly<Record<string, string | number | undefined>>

/** An element; numbers are cut to a tenth. `title` is what pointing at it tells. */
export function element(name: string, attributes: Attributes, content = '', title?: string): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? round(value) : escapeText(value!)}"`)
    .join('')
  const inner = `${title === undefined ? '' : `<title>${escapeText(title)}</title>`}${content}`
  return inner === '' ? `<${name}${written}/>` : `<${name}${written}>${inner}</${name}>`
}

export function text(x: number, y: number, words: string, attributes: Attributes = {}): string {
  return element('text', { x, y, ...attributes }, escapeText(words))
}

export function svg(width: number, height: number, label: string, parts: readonly string[]): string {
  const attributes = { viewBox: `0 0 ${round(width)} ${round(height)}`, role: 'img', 'aria-label': label }
  return element('svg', attributes, `\n${parts.join('\n')}\n`)
}

/** Round values from 0 up to `most`, about `wanted` of them. */
export function ticks(most: number, wanted: number): number[] {
  if (most <= 0) return [0]
  const raw = most / wanted
  const magnitude = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 5, 10].map(factor => factor * magnitude).find(candidate => candidate >= raw)!
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, i) => i * step)
}

export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** power
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`
}

/** Virtual time, short. */
export function secondsLabel(ms: number): string {
  const seconds = ms / 1000
  return `${Number.isInteger(seconds) ? seconds : seconds.toFixed(seconds < 10 ? 2 : 1)} s`
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10)
}
