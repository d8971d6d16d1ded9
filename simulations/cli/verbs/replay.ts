/** `swarm-sim replay`: the same run again, told event by event. */
import { isTold, lineOf, timeOf } from '../../report/describe.ts'
import { differenceOf } from '../../report/folder.ts'
import { watchRun } from '../../report/watch.ts'
import type { SimEvent } from '../../trace/types.ts'
import type { Call } from '../call.ts'
import { EXIT } from '../exit.ts'
import { folderFor, shownPath } from '../paths.ts'
import { chooseRun } from '../reference.ts'
import { untilOf } from '../until.ts'
import { endingJson, endingText } from '../verdict.ts'

export async function run(call: Call): Promise<number> {
  const { settings, surroundings, harness, paint } = call
  const chosen = chooseRun(call, call.words[0]!)
  const difference = chosen.stored === null ? null : differenceOf(chosen.stored)
  if (difference !== null) surroundings.complain(difference)
  const folder = folderFor(call, chosen.scenario)
  const stop = settings.until === undefined ? null : untilOf(settings.until)
  let stopped: SimEvent | null = null
  const watched = await watchRun({
    harness,
    scenario: chosen.scenario,
    tier: chosen.tier,
    reference: chosen.reference,
    folder,
    // Events are numbered with the messages among them.
    messages: settings.verbose === true || settings.until?.startsWith('#') === true,
    onEvent: event => {
      if (settings.json) surroundings.print(JSON.stringify(event))
      else if (settings.verbose || isTold(event)) surroundings.print(lineOf(event))
    },
    ...(stop === null
      ? {}
      : {
          until: event => {
            if (!stop(event)) return false
            stopped = event
            return true
          },
        }),
    signal: surroundings.signal,
  })
  const ending = { ...chosen, ...watched }
  const told = stopped as SimEvent | null
  if (settings.json) surroundings.print(endingJson(ending, folder))
  else if (told !== null) surroundings.print(`\nstopped at ${timeOf(told.atMs)}, before:\n${lineOf(told)}`)
  else surroundings.print(endingText(paint, ending))
  const hash = chosen.stored?.traceHash
  if (hash !== undefined && told === null && hash !== watched.result.traceHash) {
    surroundings.complain(
      `this is not what happened then: the trace's hash was ${hash.slice(0, 16)} and is ${watched.result.traceHash.slice(0, 16)}`,
    )
    surroundings.complain(`Next: npx swarm-sim determinism ${chosen.reference} --tier ${chosen.tier}`)
  }
  if (folder !== null && !settings.json) surroundings.print(`written to ${shownPath(call, folder)}`)
  return told === null ? EXIT[watched.result.verdict.verdict]! : EXIT.unknown!
}
