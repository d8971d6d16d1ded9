/** `swarm-node leave`: asks the running peer of a data folder to give its seat up, or to stop at once. */
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Settings } from '../../config/options.ts'
import { wallClockMs } from '../../events/wall-clock.ts'
import { clearRequest, writeRequest } from '../../run/request.ts'
import { type FolderStatus, readFolderStatus } from '../../status/read.ts'
import { EXIT, ExitError } from '../exit.ts'
import { placeText } from '../projections/text.ts'

/** Between two looks at what the peer says of itself. */
const LOOK_MS = 500

export async function run(settings: Settings, stop: AbortSignal): Promise<number> {
  const folder = resolve(settings.data!)
  const before = await readFolderStatus(folder, wallClockMs())
  if (!isThere(before)) {
    throw new ExitError(
      'unavailable',
      `no peer runs in ${folder}: only the running peer can give its seat up`,
      'swarm-node join ..., then swarm-node leave; a peer that stays away is removed as absent',
    )
  }
  const force = settings.force === true
  writeRequest(folder, force ? 'stop' : 'leave')
  let told = ''
  for (;;) {
    const status = await readFolderStatus(folder, wallClockMs())
    if (!isThere(status)) break
    const text = force ? 'asked to stop' : sentence(status)
    if (text !== told) tell(settings, text, status)
    told = text
    if (stop.aborted) {
      // It was only looked at: the peer goes on leaving.
      tell(settings, 'not waited for any longer; the peer goes on giving its seat up', status)
      return EXIT.ok
    }
    await delay(LOOK_MS, undefined, { signal: stop }).catch(() => undefined)
  }
  clearRequest(folder)
  tell(settings, force ? 'the peer has stopped, its seat stays' : 'the peer has left', null)
  return EXIT.ok
}

function isThere({ life }: FolderStatus): boolean {
  return life === 'running' || life === 'silent'
}

function sentence({ status }: FolderStatus): string {
  const place = status?.place ?? null
  if (place === null || place.role === 'seat') return 'asked: the siblings are told in each round until they decide it'
  return placeText(place)
}

function tell(settings: Settings, text: string, status: FolderStatus | null): void {
  const place = status?.status?.place ?? null
  console.log(settings.json === true ? JSON.stringify({ event: 'leaving', text, place }) : text)
}
