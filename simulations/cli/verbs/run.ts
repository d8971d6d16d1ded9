/** `swarm-sim run`: one scenario, judged. */

import { lineOf } from '../../report/describe.ts'
import { watchRun } from '../../report/watch.ts'
import type { Call } from '../call.ts'
import { EXIT } from '../exit.ts'
import { folderFor, shownPath } from '../paths.ts'
import { chooseRun } from '../reference.ts'
import { endingJson, endingText } from '../verdict.ts'

export async function run(call: Call): Promise<number> {
  const { settings, surroundings, harness, paint } = call
  const chosen = chooseRun(call, call.words[0]!)
  const folder = folderFor(call, chosen.scenario)
  const isTold = settings.verbose === true && settings.json !== true
  const watched = await watchRun({
    harness,
    scenario: chosen.scenario,
    tier: chosen.tier,
    reference: chosen.reference,
    folder,
    messages: isTold,
    ...(isTold ? { onEvent: event => surroundings.print(lineOf(event)) } : {}),
    signal: surroundings.signal,
  })
  const ending = { ...chosen, ...watched }
  if (settings.json) surroundings.print(endingJson(ending, folder))
  else {
    surroundings.print(endingText(paint, ending))
    if (folder !== null) surroundings.print(`written to ${shownPath(call, folder)}`)
  }
  return EXIT[watched.result.verdict.verdict]!
}
