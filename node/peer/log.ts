/** The peer's own log: every event, one JSON object a line, in its data folder. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import pino from 'pino'
import type { EventBus } from '../events/bus.ts'
import type { EventName } from '../events/types.ts'
import { LogFile } from './log-file.ts'

/** Of the log, and of the one before it, which is kept: some ten thousand rounds each. */
const LOG_MAX_BYTES = 32 * 1024 * 1024

/** Events that deserve attention when one reads the log. */
const LEVELS: Partial<Record<EventName, 'warn' | 'debug'>> = {
  warning: 'warn',
  evidence: 'warn',
  refused: 'warn',
  outside: 'warn',
  'round.times': 'debug',
}

/** Returns the function that ends the log. */
export function logEvents(bus: EventBus, folder: string): () => void {
  mkdirSync(join(folder, 'logs'), { recursive: true })
  const file = new LogFile(join(folder, 'logs', 'events.log'), LOG_MAX_BYTES)
  const log = pino({ base: null, level: 'debug' }, { write: line => file.write(line) })
  const unsubscribe = bus.subscribe(({ event, timeMs, ...fields }) =>
    log[LEVELS[event] ?? 'info']({ ...fields, atMs: timeMs }, event),
  )
  return () => {
    unsubscribe()
    file.close()
  }
}
