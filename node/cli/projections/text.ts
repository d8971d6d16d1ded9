/** Shared wording and colours of the terminal projections. `NO_COLOR` and pipes turn colours off. */
import type { TransferProgress } from '../../../protocols/state/index.ts'
import type { NodeEvents } from '../../events/types.ts'
import type { Reachability } from '../../network/nat/types.ts'
import { shortageText } from '../../peer/place.ts'

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

/** For parts of a start, where tenths of a second tell something. */
export function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

/** Megabytes, in one unit so that they can be compared at a glance. */
export function megabytes(bytes: number): string {
  const value = bytes / 1e6
  return value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en-US')
}

export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** Nothing is known of the first round's speed: it has no round before it. */
export function speed(tokensPerSecond: number): string {
  return `${tokensPerSecond === 0 ? '-' : count(tokensPerSecond)} tokens/s`
}

/** The last characters of a peer id are the ones that differ. */
export function shortPeer(peer: string): string {
  return peer === '' ? '-' : peer.slice(-6)
}

/** A sentence with its peer ids cut to what {@link shortPeer} shows of them, on one line. */
export function shortSentence(sentence: string): string {
  return sentence.replace(PEER_ID, shortPeer).replace(/\s*\n\s*/g, ' ')
}

/** How others reach this peer, in a few words. */
export function reachText({ state, via }: Reachability): string {
  switch (state) {
    case 'public':
      return via === 'inbound' ? 'others connect to this peer' : `others connect to this peer at ${via}`
    case 'relayed':
      return `others reach this peer over relay ${via.split(',').map(shortPeer).join(' or ')}`
    case 'unreachable':
      return 'nobody can connect to this peer, it can only call others'
  }
}

/** Where a peer stands. */
export function placeText(place: Pick<NodeEvents['place'], 'role' | 'stage' | 'for'>): string {
  const waits = place.for === '' ? '' : `: ${place.for}`
  switch (place.role) {
    case 'seat':
      return `it has a seat in stage ${place.stage}`
    case 'leaving':
      return `it has a seat in stage ${place.stage} that is to go${waits}`
    case 'candidate':
      return `candidate${waits}`
    case 'spare':
    case 'none':
      return `spare${waits}`
  }
}

/** One sentence for each stage that lacks seats. */
export function lackingTexts(lacking: readonly number[]): string[] {
  return lacking.flatMap((count, stage) => (count === 0 ? [] : shortageText(stage, count)))
}

/** Ed25519 peer ids in base58. */
const PEER_ID = /\b12D3KooW[1-9A-HJ-NP-Za-km-z]{44}\b/g

export function bar(done: number, total: number, width: number): string {
  const filled = total === 0 ? width : Math.round((Math.min(done, total) / total) * width)
  return `${'#'.repeat(filled)}${'.'.repeat(width - filled)}`
}

/** How far a snapshot from siblings is, without its bar. */
export function transferText({ bytes, of, sources }: TransferProgress): string {
  const from = sources === 0 ? '' : ` from ${sources} ${sources === 1 ? 'sibling' : 'siblings'}`
  return `${megabytes(bytes)} of ${megabytes(of)} MB of the state are here${from}`
}

/** By the journal's reason. */
const SUSPENSIONS: Readonly<Record<string, string>> = {
  missing: 'the journal of this peer is missing',
  'behind-anchor': 'the journal of this peer is older than the last final anchor',
  'unknown-signature': 'the journal of this peer lacks a signature that siblings hold',
  'second-machine':
    "another machine signs with this peer's key; end one of the two with Ctrl-C or swarm-node pause: this one signs again once the other is gone",
}

/** Why a peer follows without signing, and what to do about it. */
export function suspensionText(reason: string): string {
  return SUSPENSIONS[reason] ?? reason
}
