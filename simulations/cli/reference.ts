/** What was typed for a run becomes one concrete scenario and a tier. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { closest } from '../../node/config/closest.ts'
import type { Harness } from '../harness.ts'
import { FILES, readStoredVerdict, type StoredVerdict } from '../report/folder.ts'
import type { ConcreteScenario, Scenario, Tier } from '../scenario/types.ts'
import type { Source } from '../sweep/job.ts'
import type { Call } from './call.ts'
import { SimError } from './exit.ts'
import type { Settings } from './options.ts'

export interface ChosenRun {
  readonly scenario: ConcreteScenario
  readonly tier: Tier
  /** As it can be typed again. */
  readonly reference: string
  /** Where it is a run that was written: what that one gave. */
  readonly stored: StoredVerdict | null
}

export const STANDARD = 'standard'

/** Every scenario of the library: a sweep may name it. */
export const ALL = 'all'

/** @throws SimError for what names no run, or a seed that cannot be given to it */
export function chooseRun(call: Call, word: string): ChosenRun {
  const { harness, settings } = call
  const path = resolve(call.surroundings.folder, word)
  if (/^\d+$/.test(word)) return drawn(harness, settings, STANDARD, seedOf(word))
  const [, name = word, seed] = /^([^/\\:]+):(\d+)$/.exec(word) ?? []
  if (namesOf(harness).includes(name)) {
    return drawn(harness, settings, name, seed === undefined ? (settings.seed ?? 1) : seedOf(seed))
  }
  if (existsSync(path)) return fromFile(call, word, path)
  throw new SimError(`there is no scenario and no file '${word}'${nearest(name, namesOf(harness))}`, 'swarm-sim list')
}

/** What a word of a sweep means, with the tier of each. @throws SimError where it means nothing */
export function chooseSources(call: Call, word: string): { scenario: Source; tier: Tier }[] {
  const { harness, settings, surroundings } = call
  if (word === ALL) {
    const fit = harness.scenarios.filter(
      ({ tiers }) => settings.tier === undefined || tiers.includes(settings.tier as Tier),
    )
    return fit.map(scenario => ({ scenario: scenario.name, tier: tierOf(scenario, settings) }))
  }
  if (namesOf(harness).includes(word))
    return [{ scenario: word, tier: tierOf(scenarioNamed(harness, word, 1), settings) }]
  const path = resolve(surroundings.folder, word)
  if (!existsSync(path)) {
    throw new SimError(
      `there is no scenario and no file '${word}'${nearest(word, [...namesOf(harness), ALL])}`,
      'swarm-sim list',
    )
  }
  const scenario = readScenario(harness, path)
  return [{ scenario, tier: tierOf(scenario, settings) }]
}

export function namesOf({ scenarios, mixes }: Harness): string[] {
  return [...scenarios.map(({ name }) => name), ...mixes]
}

/** @throws SimError where the name is none */
export function scenarioNamed(harness: Harness, name: string, seed: number): Scenario {
  const found = harness.scenarioOf(name, seed)
  if (found === null)
    throw new SimError(`there is no scenario '${name}'${nearest(name, namesOf(harness))}`, 'swarm-sim list')
  return found
}

export function nearest(typed: string, known: readonly string[]): string {
  const word = closest(typed, known)
  return word === null ? '' : `; did you mean '${word}'?`
}

/** The tier that was asked for, or the lowest of the scenario. @throws SimError where the scenario is not for it */
export function tierOf(scenario: Scenario | ConcreteScenario, settings: Settings): Tier {
  const wanted = (settings.tier ?? Math.min(...scenario.tiers)) as Tier
  if (scenario.tiers.includes(wanted)) return wanted
  const tiers = scenario.tiers.join(', ')
  throw new SimError(
    `'${scenario.name}' is not for tier ${wanted}; it runs on ${tiers}`,
    `leave --tier out, or --tier ${scenario.tiers[0]}`,
  )
}

function drawn(harness: Harness, settings: Settings, name: string, seed: number): ChosenRun {
  const scenario = scenarioNamed(harness, name, seed)
  return {
    scenario: harness.draw(scenario, seed),
    tier: tierOf(scenario, settings),
    reference: `${name}:${seed}`,
    stored: null,
  }
}

function fromFile({ harness, settings }: Call, word: string, path: string): ChosenRun {
  const isFolder = statSync(path).isDirectory()
  const file = isFolder ? join(path, FILES.scenario) : path
  const scenario = readScenario(harness, file)
  const stored = isFolder ? storedVerdict(path) : null
  if ('seed' in scenario) {
    const concrete = settings.seed === undefined ? scenario : { ...scenario, seed: settings.seed }
    const tier = tierOf(scenario, settings.tier === undefined && stored ? { ...settings, tier: stored.tier } : settings)
    return { scenario: concrete, tier, reference: word, stored: settings.seed === undefined ? stored : null }
  }
  const concrete = harness.draw(scenario, settings.seed ?? 1)
  return { scenario: concrete, tier: tierOf(scenario, settings), reference: word, stored: null }
}

/** @throws SimError that names the file, and the field where one is wrong */
export function readScenario(harness: Harness, file: string): Scenario | ConcreteScenario {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    const why = isMissing ? 'it is not there; is this the folder of a run?' : (cause as Error).message
    throw new SimError(`cannot read a scenario from ${file}: ${why}`, 'swarm-sim run --help', { cause })
  }
  try {
    return harness.parse(value)
  } catch (cause) {
    throw new SimError(`${file} is no scenario: ${(cause as Error).message}`, `edit ${file}`, { cause })
  }
}

function storedVerdict(folder: string): StoredVerdict | null {
  try {
    return readStoredVerdict(folder)
  } catch (cause) {
    throw new SimError((cause as Error).message, 'swarm-sim run <scenario>:<seed>', { cause })
  }
}

function seedOf(text: string): number {
  const seed = Number(text)
  if (seed > 4_294_967_295) throw new SimError(`a seed is at most 4294967295, not ${text}`, 'swarm-sim run --help')
  return seed
}
