/** `swarm-sim shrink`: the smallest scenario that still fails, as a file. */
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { peerNames } from '../../report/describe.ts'
import type { ConcreteScenario } from '../../scenario/types.ts'
import { shrink } from '../../shrink/shrink.ts'
import { ProgressBar } from '../../sweep/progress.ts'
import type { Call } from '../call.ts'
import { EXIT, SimError } from '../exit.ts'
import { runName, shownPath } from '../paths.ts'
import { chooseRun } from '../reference.ts'
import { verdictLine } from '../verdict.ts'

const DEFAULT_MS = 60_000

export async function run(call: Call): Promise<number> {
  const { settings, surroundings, harness, paint } = call
  const { scenario, tier, reference } = chooseRun(call, call.words[0]!)
  const timeMs = settings.time ?? DEFAULT_MS
  const beganMs = performance.now()
  const progress = new ProgressBar(surroundings.terminal)
  const shrunk = await shrink({
    harness,
    scenario,
    tier,
    timeMs,
    onTry: ({ pass, runs, smallest, fails }) => {
      if (settings.verbose && !settings.json && fails) surroundings.print(`${pass}: ${sizeText(smallest)}`)
      const elapsedMs = performance.now() - beganMs
      const what = `runs, ${pass}: ${sizeText(smallest)}`
      progress.show({ what, done: runs, total: null, elapsedMs, limitMs: timeMs, violated: 0, unknown: 0 })
    },
    signal: surroundings.signal,
  })
  progress.clear()
  if (shrunk === null) {
    throw new SimError(`${reference} breaks no promise, so there is nothing to shrink`, `swarm-sim run ${reference}`)
  }
  const file = resolve(surroundings.folder, settings.out ?? `${runName(scenario)}.shrunk.json`)
  writeFileSync(file, `${JSON.stringify(shrunk.scenario, null, 2)}\n`)
  const { violation, runs, isMinimal } = shrunk
  if (settings.json) {
    surroundings.print(
      JSON.stringify({ kind: 'shrink', reference, tier, file, runs, isMinimal, violation, scenario: shrunk.scenario }),
    )
  } else {
    surroundings.print(
      [
        verdictLine(paint, 'violated', violation.sentence),
        `from ${sizeText(scenario)}`,
        `to   ${sizeText(shrunk.scenario)}${isMinimal ? '' : ' (the time was up; --time 5m goes further)'}`,
        ...shrunk.scenario.faults.map(
          fault =>
            `     ${fault.kind} at ${peerNames(fault.peers) || 'the swarm'}, ${fault.atMs} ms for ${fault.durationMs} ms`,
        ),
        ...shrunk.scenario.attackers.map(({ attack, peers }) => `     ${attack} by ${peerNames(peers)}`),
        `${runs} runs in ${((performance.now() - beganMs) / 1000).toFixed(1)} s`,
        `written to ${shownPath(call, file)}; replay: npx swarm-sim replay ${shownPath(call, file)} --tier ${tier} --verbose`,
      ].join('\n'),
    )
  }
  return EXIT.violated!
}

function sizeText({ swarm, faults, attackers, workload }: ConcreteScenario): string {
  const liars = attackers.reduce((sum, { peers }) => sum + peers.length, 0)
  return [
    counted(faults.length, 'fault'),
    counted(liars, 'liar'),
    `${counted(swarm.stages * swarm.replicas, 'peer')} (${swarm.stages} x ${swarm.replicas})`,
    counted(workload.rounds, 'round'),
  ].join(', ')
}

function counted(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}
