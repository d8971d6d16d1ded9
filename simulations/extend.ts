/** What somebody writes beside the library: `swarm-sim run my-scenario --with my-file.ts`, whose default export is one of these. */
import { ATTACKS } from './attackers/index.ts'
import type { Attack } from './attackers/types.ts'
import { CHECKERS } from './checkers/index.ts'
import type { Checker } from './checkers/types.ts'
import { FAULTS } from './faults/index.ts'
import type { FaultKind } from './faults/types.ts'
import type { Scenario } from './scenario/types.ts'
import { SCENARIOS } from './scenarios/index.ts'
import type { FaultStart } from './tier0/faults/types.ts'
import { STARTS } from './tier0/faults.ts'

/** A fault, and how tier 0 carries it out. */
export interface ExtraFault extends FaultKind {
  readonly start: FaultStart
}

export interface Extension {
  readonly scenarios?: readonly Scenario[]
  readonly faults?: readonly ExtraFault[]
  readonly attackers?: readonly Attack[]
  readonly checkers?: readonly Checker[]
}

const FIELDS: Readonly<Record<keyof Extension, Readonly<Record<string, unknown>>>> = {
  scenarios: SCENARIOS,
  faults: FAULTS,
  attackers: ATTACKS,
  checkers: CHECKERS,
}

/** Puts it into the tables of this process. @throws Error where it is none, or a name is taken */
export function extendTables(extension: unknown): void {
  if (!isExtension(extension)) {
    throw new Error(`its default export must be an object with ${Object.keys(FIELDS).join(', ')}, or some of them`)
  }
  for (const name of Object.keys(FIELDS) as (keyof Extension)[]) {
    for (const item of extension[name] ?? []) add(FIELDS[name], name, item.name, item)
  }
  for (const { name, start } of extension.faults ?? []) add(STARTS, 'faults', name, start)
}

/** Takes it out again: the tables belong to the whole process, and whoever runs next there did not ask for it. */
export function withdrawFromTables(extension: Extension): void {
  for (const name of Object.keys(FIELDS) as (keyof Extension)[]) {
    for (const item of extension[name] ?? []) remove(FIELDS[name], item.name, item)
  }
  for (const { name, start } of extension.faults ?? []) remove(STARTS, name, start)
}

function remove(table: Readonly<Record<string, unknown>>, name: string, item: unknown): void {
  if (table[name] === item) Reflect.deleteProperty(table, name)
}

function add(table: Readonly<Record<string, unknown>>, what: string, name: string, item: unknown): void {
  // Taken in before, by the same process.
  if (table[name] === item) return
  if (Object.hasOwn(table, name)) throw new Error(`${what}: the name '${name}' is taken`)
  Object.assign(table, { [name]: item })
}

function isExtension(value: unknown): value is Extension {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.entries(value).every(
      ([name, list]) => Object.hasOwn(FIELDS, name) && Array.isArray(list) && list.every(isNamed),
    )
  )
}

function isNamed(item: unknown): boolean {
  return typeof item === 'object' && item !== null && 'name' in item && typeof item.name === 'string'
}
