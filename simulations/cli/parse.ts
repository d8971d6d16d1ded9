/** Reads what was typed after `swarm-sim`, by the table of options. */
import { parseArgs } from 'node:util'
import { closest } from '../../node/config/closest.ts'
import { SimError } from './exit.ts'
import { OPTIONS, type OptionName, type OptionSpec, type Settings, type Shard, VERBS, type Verb } from './options.ts'

export interface ParsedCommand {
  readonly verb: Verb
  readonly words: readonly string[]
  readonly settings: Settings
}

export type HelpRequest = { readonly help: Verb | null }

/** @throws SimError for what the table does not have */
export function parseCommand(args: readonly string[]): ParsedCommand | HelpRequest {
  const [first, ...rest] = args
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') return { help: null }
  if (!Object.hasOwn(VERBS, first)) {
    throw wrong(`there is no command '${first}'`, closest(first, Object.keys(VERBS)), 'swarm-sim --help')
  }
  const verb = first as Verb
  if (rest.includes('--help') || rest.includes('-h')) return { help: verb }
  const { values, words } = readFlags(verb, rest)
  const { minWords, maxWords, words: shape } = VERBS[verb]
  if (words.length < minWords || words.length > maxWords) {
    const wanted = shape === '' ? 'no words after it' : shape
    throw wrong(`'${verb}' takes ${wanted}, not ${words.length} words`, null, helpOf(verb))
  }
  const entries = (Object.keys(OPTIONS) as OptionName[]).map(name => {
    const raw = values[name] ?? (specOf(name).verbs.includes(verb) ? specOf(name).default : null)
    return [name, raw === null ? undefined : convert(name, raw, verb)]
  })
  return { verb, words, settings: Object.fromEntries(entries) }
}

export function optionsOf(verb: Verb): [OptionName, OptionSpec][] {
  return (Object.keys(OPTIONS) as OptionName[]).flatMap(name =>
    specOf(name).verbs.includes(verb) ? [[name, specOf(name)] as [OptionName, OptionSpec]] : [],
  )
}

function specOf(name: OptionName): OptionSpec {
  return OPTIONS[name]
}

function readFlags(
  verb: Verb,
  args: string[],
): { values: Readonly<Record<string, string | boolean | undefined>>; words: readonly string[] } {
  const known = optionsOf(verb)
  const options = Object.fromEntries(
    known.map(([name, { type }]) => [name, { type: type === 'boolean' ? ('boolean' as const) : ('string' as const) }]),
  )
  const names = known.map(([name]) => name as string)
  const stranger = args.find(arg => arg.startsWith('--') && arg !== '--' && !names.includes(flagName(arg)))
  if (stranger !== undefined) {
    const nearest = closest(flagName(stranger), names, '--')
    throw wrong(`'${verb}' has no option ${stranger}`, nearest, helpOf(verb))
  }
  try {
    const { values, positionals } = parseArgs({ args, options, strict: true, allowPositionals: true })
    return { values, words: positionals }
  } catch (cause) {
    throw new SimError((cause as Error).message, helpOf(verb), { cause })
  }
}

function flagName(flag: string): string {
  return flag.slice(2).split('=')[0] ?? ''
}

function convert(name: OptionName, raw: string | number | boolean, verb: Verb): unknown {
  const spec = specOf(name)
  const value = READERS[spec.type](raw, spec)
  if (value === null) throw new SimError(`--${name} must be ${wantedOf(spec)}, not '${String(raw)}'`, helpOf(verb))
  return value
}

/** Null for what is not of the type. */
const READERS: Record<OptionSpec['type'], (raw: string | number | boolean, spec: OptionSpec) => unknown> = {
  string: raw => (raw === '' ? null : raw),
  boolean: raw => raw,
  integer: (raw, spec) => integer(raw, spec),
  list: (raw, spec) => {
    const values = String(raw)
      .split(',')
      .map(item => integer(item, spec))
    return values.includes(null) ? null : values
  },
  duration: raw => durationMs(String(raw)),
  shard: raw => shard(String(raw)),
}

function wantedOf({ type, min = 0, max = Number.MAX_SAFE_INTEGER }: OptionSpec): string {
  const range = `from ${min} to ${max}`
  const wanted: Record<OptionSpec['type'], string> = {
    string: 'a word',
    boolean: 'given or not',
    integer: `an integer ${range}`,
    list: `integers ${range}, with commas between them`,
    duration: 'a time such as 90s, 5m or 2h',
    shard: 'i/n with i from 0 to n - 1, such as 0/4',
  }
  return wanted[type]
}

function integer(raw: string | number | boolean, { min = 0, max = Number.MAX_SAFE_INTEGER }: OptionSpec) {
  const value = Number(raw)
  return raw === '' || !Number.isInteger(value) || value < min || value > max ? null : value
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

function durationMs(text: string): number | null {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  const ms = unit === undefined ? 0 : Math.round(Number(amount) * UNIT_MS[unit]!)
  return ms > 0 ? ms : null
}

function shard(text: string): Shard | null {
  const [, index, count] = /^(\d+)\/(\d+)$/.exec(text) ?? []
  return index === undefined || Number(index) >= Number(count) ? null : { index: Number(index), count: Number(count) }
}

function helpOf(verb: Verb): string {
  return `swarm-sim ${verb} --help`
}

function wrong(message: string, suggestion: string | null, next: string): SimError {
  return new SimError(suggestion === null ? message : `${message}; did you mean '${suggestion}'?`, next)
}
