/**
 * Rules for the fields of untrusted values, put together as tables (`table.ts`, `manifest-fields.ts`). A rule answers null
 * or one sentence that names the field.
 */

/** Checks `value`, found at `path`; null where it keeps the rule, else a sentence. */
export type Rule = (value: unknown, path: string) => string | null

/** A whole number of [min, max]. */
export function integer(min: number, max: number): Rule {
  return (value, path) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
      ? null
      : `${path} must be a whole number from ${min} to ${max}`
}

/** A finite number of [min, max]. */
export function number(min: number, max: number): Rule {
  return (value, path) =>
    typeof value === 'number' && value >= min && value <= max ? null : `${path} must be a number from ${min} to ${max}`
}

/** A byte string of `min` to `max` bytes. */
export function bytes(min: number, max = min): Rule {
  const length = min === max ? `${min}` : `${min} to ${max}`
  return (value, path) =>
    value instanceof Uint8Array && value.byteLength >= min && value.byteLength <= max
      ? null
      : `${path} must be a string of ${length} bytes`
}

/** A text that the pattern fits. */
export function text(pattern: RegExp, what: string): Rule {
  return (value, path) => (typeof value === 'string' && pattern.test(value) ? null : `${path} must be ${what}`)
}

/** One of a few texts. */
export function oneOf(...choices: readonly string[]): Rule {
  return (value, path) =>
    typeof value === 'string' && choices.includes(value) ? null : `${path} must be ${choices.join(' or ')}`
}

export const boolean: Rule = (value, path) => (typeof value === 'boolean' ? null : `${path} must be true or false`)

/** An array of `min` to `max` elements that each keep the rule. */
export function arrayOf(rule: Rule, max: number, min = 0): Rule {
  return (value, path) => {
    if (!Array.isArray(value) || value.length < min || value.length > max) {
      return `${path} must be a list of ${min} to ${max} elements`
    }
    for (let index = 0; index < value.length; index++) {
      const wrong = rule(value[index], `${path}[${index}]`)
      if (wrong !== null) return wrong
    }
    return null
  }
}

export function nullable(rule: Rule): Rule {
  return (value, path) => (value === null ? null : rule(value, path))
}

/** Keeps one of two rules; the sentence is the second's. */
export function either(first: Rule, second: Rule): Rule {
  return (value, path) => (first(value, path) === null ? null : second(value, path))
}

/** Keeps all rules, tried in order. */
export function all(...rules: readonly Rule[]): Rule {
  return (value, path) => {
    for (const rule of rules) {
      const wrong = rule(value, path)
      if (wrong !== null) return wrong
    }
    return null
  }
}

/** A map with exactly the keys of `Shape`, each keeping its rule: the compiler asks for a rule for each field of the type. */
export function object<Shape extends object>(rules: { readonly [K in keyof Shape]-?: Rule }): Rule {
  const entries = Object.entries<Rule>(rules)
  return (value, path) => {
    if (!isMap(value)) return `${path} must be a map`
    for (const [key, rule] of entries) {
      const at = path === '' ? key : `${path}.${key}`
      if (!Object.hasOwn(value, key)) return `${at} is missing`
      const wrong = rule(value[key], at)
      if (wrong !== null) return wrong
    }
    for (const key of Object.keys(value)) {
      if (!Object.hasOwn(rules, key)) return `${path === '' ? key : `${path}.${key}`} is not a known field`
    }
    return null
  }
}

/** A plain map, not an array or byte string. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
}
