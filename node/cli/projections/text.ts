/** Shared wording and colours of the terminal projections. `NO_COLOR` and pipes turn colours off. */

const ESCAPE = '\u001b['
const CODES = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33', cyan: '36' } as const

export type Paint = Record<keyof typeof CODES, (text: string) => string>

export function painter(enabled: boolean): Paint {
  const paint = (code: string) => (text: string) => (enabled ? `${ESCAPE}${code}m${text}${ESCAPE}0m` : text)
  return Object.fromEntries(Object.entries(CODES).map(([name, code]) => [name, paint(code)])) as Paint
}

/** Colours only on a terminal and when `NO_COLOR` (no-color.org) is unset or empty. */
export function wantsColour(isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): boolean {
  return isTerminal && (environment.NO_COLOR ?? '') === '' && environment.TERM !== 'dumb'
}

export function nats(loss: number | null): string {
  return loss === null ? '-' : loss.toFixed(3)
}

export function duration(ms: number | null): string {
  if (ms === null) return '-'
  const seconds = Math.round(ms / 1000)
  const minutes = Math.floor(seconds / 60)
  if (minutes === 0) return `${seconds} s`
  return minutes < 60
    ? `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** power
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`
}

export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** The last characters of a peer id are the ones that differ. */
export function shortPeer(peer: string): string {
  return peer === '' ? '-' : peer.slice(-6)
}

export function bar(done: number, total: number, width: number): string {
  const filled = total === 0 ? width : Math.round((Math.min(done, total) / total) * width)
  return `${'#'.repeat(filled)}${'.'.repeat(width - filled)}`
}
