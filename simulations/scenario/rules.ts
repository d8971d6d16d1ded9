/** Rules for the fields of scenarios, put together as tables. A rule answers null or one sentence that names the field. */

export type FieldRule = (value: unknown, path: string) => string | null

export function number(least: number, most: number): FieldRule {
  return (value, path) =>
    typeof value === 'number' && value >= least && value <= most
      ? null
      : `${path} must be a number from ${least} to ${most}, not ${shown(value)}`
}

export function whole(least: number, most: number): FieldRule {
  return (value, path) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      ? null
      : `${path} must be a whole number from ${least} to ${most}, not ${shown(value)}`
}

export const text: FieldRule = (value, path) =>
  typeof value === 'string' && value.length > 0 && value.length <= 1_000 ? null : `${path} must be a text`

export function oneOf(choices: readonly (string | number)[]): FieldRule {
  return (value, path) =>
    choices.some(choice => choice === value)
      ? null
      : `${path} must be one of ${choices.join(', ')}, not ${shown(value)}`
}

export function list(rule: FieldRule, most: number): FieldRule {
  return (value, path) => {
    if (!Array.isArray(value) || value.length > most) return `${path} must be a list of at most ${most} elements`
    return firstFault(value.map((element, index) => rule(element, `${path}[${index}]`)))
  }
}

/** Two numbers, the first not above the second. */
export function range(rule: FieldRule): FieldRule {
  return (value, path) => {
    if (!Array.isArray(value) || value.length !== 2) return `${path} must be two numbers`
    const wrong = firstFault(value.map((element, index) => rule(element, `${path}[${index}]`)))
    return wrong ?? (value[0] <= value[1] ? null : `${path} must be two numbers, the smaller one first`)
  }
}

/** A map with exactly these fields; those of `optional` may be absent. */
export function fields(
  required: Readonly<Record<string, FieldRule>>,
  optional: Readonly<Record<string, FieldRule>> = {},
): FieldRule {
  return (value, path) => {
    if (!isFields(value)) return `${path || 'the scenario'} must be a map of fields`
    const at = (name: string): string => (path === '' ? name : `${path}.${name}`)
    const known = { ...required, ...optional }
    const unknown = Object.keys(value).find(name => !Object.hasOwn(known, name))
    if (unknown !== undefined) return `unknown field ${at(unknown)}; known are ${Object.keys(known).join(', ')}`
    const missing = Object.keys(required).find(name => value[name] === undefined)
    if (missing !== undefined) return `${at(missing)} is missing`
    return firstFault(
      Object.entries(known).map(([name, rule]) => (value[name] === undefined ? null : rule(value[name], at(name)))),
    )
  }
}

export function either(
  rules: readonly { readonly when: string; readonly rule: FieldRule }[],
  otherwise: FieldRule,
): FieldRule {
  return (value, path) => {
    const fitting = isFields(value) ? rules.find(({ when }) => when in value) : undefined
    return (fitting?.rule ?? otherwise)(value, path)
  }
}

export function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function firstFault(faults: readonly (string | null)[]): string | null {
  return faults.find(fault => fault !== null) ?? null
}

function shown(value: unknown): string {
  const said = JSON.stringify(value) ?? String(value)
  return said.length > 60 ? `${said.slice(0, 60)}...` : said
}
