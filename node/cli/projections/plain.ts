/** For pipes and logs: one plain line a round, and one for everything that a reader would want to know. */
import type { NodeEvent } from '../../events/types.ts'
import type { Progress } from './progress.ts'
import { bytesText, count, duration, nats, shortPeer } from './text.ts'

export function plainLine(event: NodeEvent, progress: Progress, roundDone: boolean): string | null {
  switch (event.event) {
    case 'start.phase':
      return `start    ${event.phase}: ${(event.ms / 1000).toFixed(1)} s`
    case 'chain.ready':
      return `chain    ${event.url}`
    case 'waiting':
      return event.for === '' ? null : `waiting  ${event.for}`
    case 'peer.ready':
      return `peer     ${shortPeer(event.peer)} of stage ${event.stage} is ready (pid ${event.pid})`
    case 'peer.stopped':
      return `peer     ${shortPeer(event.peer)} of stage ${event.stage} stopped: ${event.reason}`
    case 'synced':
      return `synced   stage ${event.stage} to round ${event.round} (${event.by})`
    case 'evidence':
      return `evidence ${event.kind} by ${shortPeer(event.peer)}`
    case 'warning':
      return `warning  ${event.message}`
    case 'loss':
      return roundDone ? roundLine(event, progress) : null
    default:
      return null
  }
}

function roundLine(event: Extract<NodeEvent, { event: 'loss' }>, progress: Progress): string {
  const stages = [...progress.stages.entries()].sort(([a], [b]) => a - b)
  const leaders = stages.map(([, stage]) => shortPeer(stage.leader)).join(' ')
  const views = stages.map(([, stage]) => stage.view).join(' ')
  const block = Math.max(0, ...stages.map(([, stage]) => stage.anchorBlock))
  const state = stages.at(-1)?.[1].state.slice(0, 8) ?? ''
  const left = duration(progress.remainingMs(event.timeMs))
  const heldOut = progress.losses.at(-1)?.heldOut ?? null
  return (
    `round ${String(event.round).padStart(4)}  loss ${nats(event.train)}  held-out ${nats(heldOut)}  ` +
    `${count(event.tokensPerSecond)} tokens/s  leaders ${leaders}  views ${views}  certificate ${state}  ` +
    `anchor ${block === 0 ? '-' : `block ${block}`}  left ${left}`
  )
}

/** What a run ends with. */
export function summaryLines(summary: Extract<NodeEvent, { event: 'summary' }>, next: string): string[] {
  const bytes = Object.entries(summary.bytesSent).map(([kind, value]) => `${kind} ${bytesText(value)}`)
  const points = Object.entries(summary.points).map(([peer, value]) => `${shortPeer(peer)} ${value.toFixed(1)}`)
  return [
    '',
    `rounds    ${summary.rounds.certified} certified, ${summary.rounds.final} final on the chain`,
    `held-out  ${nats(summary.heldOut.first)} -> ${nats(summary.heldOut.last)} nats a byte ` +
      '(the corpus by unigrams 3.10, bigrams 2.40, trigrams 1.96)',
    `speed     ${count(summary.tokensPerSecond)} tokens/s, ${count(summary.tokens)} tokens in ${duration(summary.seconds * 1000)}`,
    `sent      ${bytes.length === 0 ? '-' : bytes.join(', ')}`,
    `points    ${points.length === 0 ? '-' : points.join(', ')}`,
    `files     ${summary.files.join('  ')}`,
    `continue  ${next}`,
  ]
}
