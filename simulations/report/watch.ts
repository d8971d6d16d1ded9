/** Runs one scenario and keeps what its end is told with: the last events, and the folder where one is asked for. */
import type { Harness } from '../harness.ts'
import type { ConcreteScenario, Tier } from '../scenario/types.ts'
import type { RunResult, SimEvent } from '../trace/types.ts'
import { RunFolder } from './folder.ts'
import { LastEvents } from './window.ts'

export interface WatchInit {
  readonly harness: Harness
  readonly scenario: ConcreteScenario
  readonly tier: Tier
  /** As the run can be typed again. */
  readonly reference: string
  /** Where to write; null: nowhere. */
  readonly folder: string | null
  readonly onEvent?: (event: SimEvent) => void
  readonly messages?: boolean
  readonly until?: (event: SimEvent) => boolean
  readonly signal: AbortSignal
}

export interface Watched {
  readonly result: RunResult
  readonly last: LastEvents
}

export async function watchRun(init: WatchInit): Promise<Watched> {
  const { harness, scenario, tier, onEvent, until, signal } = init
  const program = await harness.tier(tier)
  const last = new LastEvents()
  const folder = init.folder === null ? null : new RunFolder(init.folder, scenario, tier, init.reference)
  // A tier stops between two of its steps; what the step at hand still tells is not part of the replay.
  let isCut = false
  const stop = (event: SimEvent) => {
    isCut ||= until?.(event) === true
    return isCut
  }
  const result = await program.run(scenario, {
    onEvent: event => {
      if (isCut) return
      last.add(event)
      folder?.add(event)
      onEvent?.(event)
    },
    messages: init.messages === true || folder !== null,
    ...(until === undefined ? {} : { until: stop }),
    signal,
  })
  folder?.finish(result)
  return { result, last }
}
