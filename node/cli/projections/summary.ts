/** What a run ends with, as people read it. */
import { isAbsolute, relative } from 'node:path'
import type { Summary } from '../../events/types.ts'
import { count, duration, megabytes, nats, shortPeer } from './text.ts'

/** @param next - the command that goes on from here */
export function summaryLines(summary: Summary, next: string): string[] {
  const { rounds, heldOut, tokens, tokensPerSecond, seconds, files } = summary
  if (rounds.certified === 0)
    return ['', 'stopped   before the first round was certified; nothing is lost', `continue  ${next}`]
  const points = Object.entries(summary.points).sort(([, a], [, b]) => b - a)
  return [
    '',
    `rounds    ${rounds.certified} certified, ${rounds.final} final on the chain`,
    `held-out  ${heldOut.first === null ? 'not measured yet' : `${nats(heldOut.first)} -> ${nats(heldOut.last)} nats a byte`} ` +
      '(the corpus by unigrams 3.10, bigrams 2.40, trigrams 1.96)',
    `speed     ${count(tokensPerSecond)} tokens/s, ${count(tokens)} tokens in ${duration(seconds * 1000)}`,
    `sent      ${sentText(summary.bytesSent)}`,
    `points    ${points.map(([peer, value]) => `${shortPeer(peer)} ${value.toFixed(1)}`).join(', ') || '-'}`,
    `files     ${files.map(shownPath).join('  ')}`,
    `continue  ${next}`,
  ]
}

function sentText(bytesSent: Summary['bytesSent']): string {
  const kinds = Object.entries(bytesSent).sort(([, a], [, b]) => b - a)
  const total = kinds.reduce((sum, [, bytes]) => sum + bytes, 0)
  if (total === 0) return '-'
  return `${megabytes(total)} MB: ${kinds.map(([kind, bytes]) => `${kind} ${megabytes(bytes)}`).join(', ')}`
}

/** Relative where the file is below the working folder, for the eye. */
function shownPath(file: string): string {
  const near = relative(process.cwd(), file)
  return near.startsWith('..') || isAbsolute(near) ? file : near
}
