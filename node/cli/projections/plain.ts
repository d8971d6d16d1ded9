/** For pipes and logs: one plain line a round, and one for everything that a reader would want to know. */
import type { Change } from '../../../protocols/wire/messages.ts'
import { REFUSALS } from '../../../protocols/wire/refusals.ts'
import type { NodeEvent, NodeEvents } from '../../events/types.ts'
import { lostText } from '../../peer/place.ts'
import type { Progress, RoundLine } from './progress.ts'
import { Repeats } from './repeats.ts'
import { phaseLine } from './start.ts'
import {
  duration,
  lackingTexts,
  nats,
  placeText,
  reachText,
  shortPeer,
  shortSentence,
  speed,
  suspensionText,
  transferText,
} from './text.ts'

/** Between two lines of one transfer, ms. */
const TRANSFER_LINE_MS = 10_000

const BECAME: Readonly<Record<NodeEvents['seat']['became'], string>> = {
  seated: 'has a seat in',
  leaving: 'is to leave',
  unseated: 'has left',
  candidate: 'was dealt to',
}

const ACTS: Readonly<Record<Change['act'], string>> = {
  admit: 'is admitted',
  'remove-left': 'gives its seat up',
  'remove-absent': 'is removed as absent',
  'remove-proven': 'is removed for a proven lie',
  pause: 'pauses and keeps its seat',
}

function changeText({ peer, act }: Change): string {
  return `${shortPeer(peer)} ${ACTS[act]}`
}

/** What people are told of an event besides the rounds; null for what is only for programs, or was just said. */
export class Notices {
  readonly #repeats = new Repeats()
  #transferToldMs = Number.NEGATIVE_INFINITY
  #place = ''

  of(event: NodeEvent): string | null {
    switch (event.event) {
      case 'start.phase':
        return phaseLine(event.phase, event.ms)
      case 'chain.ready':
        return `chain    ${event.url}`
      case 'chain.away':
        return this.#once('chain', `is away: ${event.reason}`, event.timeMs)
      case 'chain.back':
        return this.#once('chain', `is back at block ${event.height}`, event.timeMs)
      case 'waiting':
        return event.for === '' ? null : `waiting  ${shortSentence(event.for)}`
      case 'peer.ready':
        return `peer     ${shortPeer(event.peer)} of stage ${event.stage} is ready (pid ${event.pid})`
      case 'reachability':
        return `reach    ${reachText(event)}`
      case 'peer.stopped':
        return `peer     ${shortPeer(event.peer)} ${event.stage < 0 ? '' : `of stage ${event.stage} `}ended with code ${event.exitCode}: ${shortSentence(event.reason)}`
      case 'synced':
        return event.by === 'local' ? null : `synced   stage ${event.stage} to round ${event.round} (${event.by})`
      case 'sync.progress':
        if (event.bytes < event.of && event.timeMs - this.#transferToldMs < TRANSFER_LINE_MS) return null
        this.#transferToldMs = event.timeMs
        return `state    ${transferText(event)}`
      case 'suspended':
        return `follows  stage ${event.stage} without signing for now: ${suspensionText(event.reason)}`
      case 'resumed':
        return `signs    again from round ${event.round} of stage ${event.stage} on`
      case 'lease':
        return event.isHeld
          ? `votes    again in stage ${event.stage}: its lease lasts to block ${event.untilHeight}`
          : `votes    no more in stage ${event.stage}: its lease ended with block ${event.untilHeight}`
      case 'stage.lost':
        return `lost     ${lostText(event)}`
      case 'stage.kept':
        return `kept     stage ${event.stage} goes on as it was, after round ${event.round}`
      case 'stage.recovered':
        return `reformed stage ${event.stage} with ${event.seats.length} seats: it goes on from ${event.by === 'checkpoint' ? 'the checkpoint of ' : ''}round ${event.base} with round ${event.resume}`
      case 'place':
        return this.#placed(event)
      case 'pausing':
        return `pausing  round ${event.round} of stage ${event.stage} is brought to an end; Ctrl-C again ends at once`
      case 'paused':
        return event.untilHeight === null
          ? `paused   after round ${event.round}, but stage ${event.stage} has not decided that: this peer counts as absent`
          : `paused   after round ${event.round}: the seat in stage ${event.stage} is kept until block ${event.untilHeight}`
      case 'membership.changed':
        return `members  round ${event.round} of stage ${event.stage} decided: ${event.changes.map(changeText).join(', ')}`
      case 'seat':
        return `seat     epoch ${event.epoch}: ${shortPeer(event.peer)} ${BECAME[event.became]} stage ${event.stage}`
      case 'shortage': {
        const texts = lackingTexts(event.lacking)
        return `short    ${texts.length === 0 ? 'every stage has its replicas again' : texts.join(', ')}`
      }
      case 'evidence':
        return this.#once('evidence', `${shortPeer(event.peer)} signed a contradiction: ${event.kind}`, event.timeMs)
      case 'refused':
        return this.#once('refused', `from ${shortPeer(event.peer)}: ${REFUSALS[event.reason]}`, event.timeMs)
      case 'warning':
        return this.#once('warning', event.message, event.timeMs)
      default:
        return null
    }
  }

  /** A countdown is for the status; here only what is new. */
  #placed(event: Extract<NodeEvent, { event: 'place' }>): string | null {
    const key = `${event.role}/${event.stage}`
    if (key === this.#place) return null
    this.#place = key
    return `place    ${placeText(event)}`
  }

  #once(word: string, sentence: string, nowMs: number): string | null {
    const text = this.#repeats.admit(sentence, nowMs)
    return text === null ? null : `${word.padEnd(8)} ${text}`
  }
}

/** The lines of one event, in the order in which they are to be printed. */
export function plainLines(
  event: NodeEvent,
  progress: Progress,
  rounds: readonly RoundLine[],
  notices: Notices,
): string[] {
  const notice = notices.of(event)
  const lines = rounds.map(line => roundLine(line, progress, event.timeMs))
  if (rounds.length > 0 && progress.isDone()) lines.push(ENDING)
  return notice === null ? lines : [notice, ...lines]
}

/** Between the last round and the summary. */
export const ENDING = 'ending   the last rounds become final on the chain, the peers stop, the model is written'

function roundLine(line: RoundLine, progress: Progress, nowMs: number): string {
  const stages = [...progress.stages.entries()].filter(([, stage]) => stage.round >= 0).sort(([a], [b]) => a - b)
  const leaders = stages.map(([, stage]) => shortPeer(stage.leader)).join(' ')
  const views = stages.map(([, stage]) => stage.view).join(' ')
  const block = Math.max(0, ...stages.map(([, stage]) => stage.anchorBlock))
  const state = stages.at(-1)?.[1].state.slice(0, 8) ?? ''
  const left = progress.targetRounds === null ? '' : `  left ${duration(progress.remainingMs(nowMs))}`
  return (
    `round ${String(line.round).padStart(4)}  loss ${nats(line.train)}  held-out ${nats(line.heldOut)}  ` +
    `${speed(line.tokensPerSecond)}  leaders ${leaders}  views ${views}  certificate ${state}  ` +
    `anchor ${block === 0 ? '-' : `block ${block}`}${left}`
  )
}
