/** One start of the product as a new user makes it, watched from outside: its events, and what its processes hold. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { OPTIONS } from '../../node/config/options.ts'
import { isNodeEvent, type NodeEvent } from '../../node/events/types.ts'
import { Child } from '../../node/local/child.ts'
import { type ProcessUse, processTree } from './processes.ts'

export const ROUNDS = 20
const PROGRAM = fileURLToPath(new URL('../../dist/swarm-node.js', import.meta.url))
const STOP_GRACE_MS = 30_000

export interface DefaultRun {
  /** Milliseconds since the Unix epoch, as in the events. */
  readonly spawnedMs: number
  readonly events: readonly NodeEvent[]
  /** Looked at whenever a stage certified a round; nothing where the system does not tell. */
  readonly use: readonly { readonly round: number; readonly processes: readonly ProcessUse[] }[]
}

let started: Promise<DefaultRun> | null = null

/** The benchmarks that ask for it share one run of {@link ROUNDS} rounds. */
export function defaultRun(signal: AbortSignal): Promise<DefaultRun> {
  started ??= watch(signal)
  return started
}

async function watch(signal: AbortSignal): Promise<DefaultRun> {
  const data = mkdtempSync(join(tmpdir(), 'swarm-node-bench-'))
  const events: NodeEvent[] = []
  const use: DefaultRun['use'][number][] = []
  const spawnedMs = Date.now()
  const child = new Child({
    program: PROGRAM,
    args: ['up', '--json', '--rounds', String(ROUNDS), '--data', join(data, 'swarm')],
    logFile: join(data, 'up.log'),
    onMessage: message => {
      if (!isNodeEvent(message)) return
      events.push(message)
      if (message.event === 'round.certified') use.push({ round: message.round, processes: processTree(child.pid) })
    },
  })
  const onAbort = (): void => child.kill('SIGINT')
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    const { code, errorText } = await child.ended
    signal.throwIfAborted()
    if (code !== 0) {
      throw new Error(`"swarm-node up" ended with code ${code}: ${errorText}. Is it built? Run "npm run prepare".`)
    }
    return { spawnedMs, events, use }
  } finally {
    signal.removeEventListener('abort', onAbort)
    await child.stop(STOP_GRACE_MS)
    rmSync(data, { recursive: true, force: true })
  }
}

export type EventOf<Name extends NodeEvent['event']> = Extract<NodeEvent, { event: Name }>

export function eventsOf<Name extends NodeEvent['event']>(
  { events }: Pick<DefaultRun, 'events'>,
  name: Name,
): EventOf<Name>[] {
  return events.filter((event): event is EventOf<Name> => event.event === name)
}

export interface CertifiedRound {
  readonly round: number
  /** When the last stage reported it. */
  readonly timeMs: number
  /** Of the micro-batches that the head's stage sealed. */
  readonly tokens: number
}

/** The rounds that every stage certified, in order. */
export function certifiedRounds(run: DefaultRun): CertifiedRound[] {
  const byRound = Map.groupBy(eventsOf(run, 'round.certified'), event => event.round)
  return [...byRound]
    .filter(([, events]) => new Set(events.map(event => event.stage)).size === OPTIONS.stages.default)
    .map(([round, events]) => ({
      round,
      timeMs: Math.max(...events.map(event => event.timeMs)),
      tokens: events.find(event => event.stage === OPTIONS.stages.default - 1)!.tokens,
    }))
    .sort((a, b) => a.round - b.round)
}
