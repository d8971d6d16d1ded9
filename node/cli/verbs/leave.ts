/** `swarm-node leave`: asks the running peer of a data folder to give its seat up, or to stop at once. */
import type { Settings } from '../../config/options.ts'
import type { FolderStatus } from '../../status/read.ts'
import { placeText } from '../projections/text.ts'
import { ask } from './ask.ts'

export function run(settings: Settings, stop: AbortSignal): Promise<number> {
  const force = settings.force === true
  return ask(settings, stop, {
    request: force ? 'stop' : 'leave',
    event: 'leaving',
    needsPeer: 'only the running peer can give its seat up',
    next: 'swarm-node join ..., then swarm-node leave; a peer that stays away is removed as absent',
    sentence: status => (force ? 'asked to stop' : sentence(status)),
    done: () => (force ? 'the peer has stopped, its seat stays' : 'the peer has left'),
    goesOn: 'not waited for any longer; the peer goes on giving its seat up',
  })
}

function sentence({ status }: FolderStatus): string {
  const place = status?.place ?? null
  if (place === null || place.role === 'seat') return 'asked: the siblings are told in each round until they decide it'
  return placeText(place)
}
