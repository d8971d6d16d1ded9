/** How the machine asks for timers and signatures. */
import type { Payload, Signed } from '../../protocols/wire/messages.ts'
import type { PayloadOf } from '../../protocols/wire/table.ts'
import { VIEW_BACKOFF_CAP } from './constants.ts'
import type { OwnKind, RoundState } from './state.ts'
import { type Measured, missTempo, observeTempo } from './tempo.ts'

export function isKind<K extends Payload['kind']>(signed: Signed, kind: K): signed is Signed<PayloadOf<K>> {
  return signed.payload.kind === kind
}

/** base * backoff^min(level, cap): waits grow until they outlast the network's delay, which nobody knows. */
export function patienceMs(state: RoundState, baseMs: number, level = state.view): number {
  return baseMs * state.context.viewBackoff ** Math.min(level, VIEW_BACKOFF_CAP)
}

/** Sets a timer, replacing one with the same id. */
export function arm(state: RoundState, id: string, delayMs: number): void {
  state.timers.add(id)
  state.effects.push({ type: 'timer', id, delayMs })
}

/** What was waited for since then is here; `isLate`: others had to take over. */
export function measure(state: RoundState, what: Measured, isLate: boolean): void {
  const fromMs = state.sinceMs[what]
  if (fromMs === null) return
  state.sinceMs[what] = null
  state.tempo = isLate
    ? missTempo(state.tempo, what)
    : observeTempo(state.tempo, what, state.nowMs - fromMs, state.context.timeouts)
}

export function armOnce(state: RoundState, id: string, delayMs: number): void {
  if (!state.timers.has(id)) arm(state, id, delayMs)
}

export function disarm(state: RoundState, id: string): void {
  if (state.timers.delete(id)) state.effects.push({ type: 'cancel', id })
}

/** Asks for a signature; a follower has none. What is signed is also re-sent from now on, until the certificate. */
export function sign(state: RoundState, payload: Payload, attachments: readonly Uint8Array[] = []): void {
  if (state.context.self === null) return
  if (isOwnKind(payload.kind)) state.attached.set(payload.kind, attachments)
  state.effects.push({ type: 'sign', payload, attachments })
  armOnce(state, 'resend', patienceMs(state, state.context.timeouts.voteMs))
}

const OWN_KINDS: ReadonlySet<string> = new Set([
  'commit',
  'idle',
  'have',
  'propose',
  'prevote',
  'precommit',
  'outcome',
] satisfies OwnKind[])

export function isOwnKind(kind: string): kind is OwnKind {
  return OWN_KINDS.has(kind)
}
