/** `swarm-node pause`: asks the running peer of a data folder to hand its work over and to end, its seat kept. */
import type { Settings } from '../../config/options.ts'
import { pauseText } from '../../status/text.ts'
import { ask } from './ask.ts'

export function run(settings: Settings, stop: AbortSignal): Promise<number> {
  return ask(settings, stop, {
    request: 'pause',
    event: 'pausing',
    needsPeer: 'it pauses already',
    next: 'swarm-node join ... goes on from there',
    sentence: ({ status }) => (status?.pause === undefined ? 'asked to pause' : pauseText(true, null)),
    done: ({ status }) =>
      status?.pause === undefined
        ? 'the peer has stopped: it had no seat to keep'
        : pauseText(false, status.pause.untilHeight),
    goesOn: 'not waited for any longer; the peer goes on to pause',
  })
}
