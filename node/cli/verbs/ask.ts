/** Asks the running peer of a data folder for something, and tells what becomes of it until the peer has ended. */
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Settings } from '../../config/options.ts'
import { wallClockMs } from '../../events/wall-clock.ts'
import { clearRequest, type PeerRequest, writeRequest } from '../../run/request.ts'
import { type FolderStatus, readFolderStatus } from '../../status/read.ts'
import { EXIT, ExitError } from '../exit.ts'

/** Between two looks at what the peer says of itself. */
const LOOK_MS = 500

export interface Asking {
  readonly request: PeerRequest
  /** Of the JSON lines. */
  readonly event: string
  /** Why there must be a running peer, and what to do where there is none. */
  readonly needsPeer: string
  readonly next: string
  /** What becomes of the request, as a sentence. */
  readonly sentence: (status: FolderStatus) => string
  /** The peer has ended. */
  readonly done: (status: FolderStatus) => string
  /** It was only looked at: the peer goes on without. */
  readonly goesOn: string
}

export async function ask(settings: Settings, stop: AbortSignal, asking: Asking): Promise<number> {
  const folder = resolve(settings.data!)
  if (!isThere(await readFolderStatus(folder, wallClockMs())))
    throw new ExitError('unavailable', `no peer runs in ${folder}: ${asking.needsPeer}`, asking.next)
  writeRequest(folder, asking.request)
  const tell = (text: string, status: FolderStatus | null): void => {
    const place = status?.status?.place ?? null
    console.log(settings.json === true ? JSON.stringify({ event: asking.event, text, place }) : text)
  }
  let told = ''
  for (;;) {
    const status = await readFolderStatus(folder, wallClockMs())
    if (!isThere(status)) {
      clearRequest(folder)
      tell(asking.done(status), null)
      return EXIT.ok
    }
    const text = asking.sentence(status)
    if (text !== told) tell(text, status)
    told = text
    if (stop.aborted) {
      tell(asking.goesOn, status)
      return EXIT.ok
    }
    await delay(LOOK_MS, undefined, { signal: stop }).catch(() => undefined)
  }
}

function isThere({ life }: FolderStatus): boolean {
  return life === 'running' || life === 'silent'
}
