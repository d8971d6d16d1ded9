/** `--until`: names the event before which a replay stops. */
import type { SimEvent } from '../trace/types.ts'
import { SimError } from './exit.ts'

/** Counts events, from 1, as it is asked, so it is made for one run. @throws SimError for what names no event */
export function untilOf(text: string): (event: SimEvent) => boolean {
  const [, number] = /^#(\d+)$/.exec(text) ?? []
  if (number !== undefined) return nth(() => true, Number(number))
  const [, atMs] = /^@(\d+)$/.exec(text) ?? []
  if (atMs !== undefined) return event => event.atMs >= Number(atMs)
  const [head = '', ...conditions] = text.split(',')
  const [, type, count = '1'] = /^([a-z.-]+)(?::(\d+))?$/.exec(head) ?? []
  if (type === undefined || !EVENT_TYPES.has(type)) throw wrong(text, `there is no event '${head}'`)
  const wanted = conditions.map(condition => {
    const [, field, value] = /^([A-Za-z]+)=(.*)$/.exec(condition) ?? []
    if (field === undefined || value === undefined) throw wrong(text, `'${condition}' is not field=value`)
    return [field, value] as const
  })
  const fits = (event: SimEvent) =>
    event.type === type &&
    wanted.every(([field, value]) =>
      Object.entries(event).some(([name, held]) => name === field && String(held) === value),
    )
  return nth(fits, Number(count))
}

function nth(fits: (event: SimEvent) => boolean, count: number): (event: SimEvent) => boolean {
  let seen = 0
  return event => fits(event) && ++seen >= count
}

function wrong(text: string, why: string): SimError {
  return new SimError(`--until '${text}' names no event: ${why}`, 'swarm-sim replay --help')
}

const TYPES = {
  seat: 1,
  up: 1,
  down: 1,
  synced: 1,
  suspended: 1,
  resumed: 1,
  fault: 1,
  healed: 1,
  absent: 1,
  block: 1,
  'round.opened': 1,
  commit: 1,
  idle: 1,
  view: 1,
  signed: 1,
  decided: 1,
  certified: 1,
  anchored: 1,
  evidence: 1,
  refused: 1,
  diverged: 1,
  halt: 1,
  'micro-batch': 1,
  loss: 1,
  message: 1,
  record: 1,
  attacked: 1,
  paid: 1,
  recomputed: 1,
  gauge: 1,
  reached: 1,
  seats: 1,
  changed: 1,
  reformed: 1,
  short: 1,
  renewed: 1,
  end: 1,
} as const satisfies Record<SimEvent['type'], 1>

const EVENT_TYPES: ReadonlySet<string> = new Set(Object.keys(TYPES))
