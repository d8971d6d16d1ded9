/**
 * Reads settings for a verb: flags win over environment (`SWARM_PREPARE_ONLY`), that over `swarm.json` in the working
 * folder, that over the defaults of the table.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { ExitError } from '../cli/exit.ts'
import { closest } from './closest.ts'
import { OPTIONS, type OptionName, type OptionSpec, type Settings, VERBS, type Verb } from './options.ts'

const CONFIG_FILE = 'swarm.json'

export interface ParsedCommand {
  readonly verb: Verb
  readonly settings: Settings
}

export type HelpRequest = { readonly help: Verb | null }

export function parseCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ParsedCommand | HelpRequest {
  const [first, ...rest] = args
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') return { help: null }
  if (!(first in VERBS))
    throw unknown(`there is no command '${first}'`, closest(first, Object.keys(VERBS)), 'swarm-node --help')
  const verb = first as Verb
  const names = (Object.keys(OPTIONS) as OptionName[]).filter(name => optionOf(name).verbs.includes(verb))
  if (rest.includes('--help') || rest.includes('-h')) return { help: verb }
  const flags = readFlags(verb, rest, names)
  const file = readConfigFile()
  const settings: Record<string, unknown> = {}
  for (const name of Object.keys(OPTIONS) as OptionName[]) {
    const raw = names.includes(name) ? (flags[name] ?? environment[variableOf(name)] ?? file[name]) : undefined
    settings[name] = raw === undefined ? defaultOf(name, verb) : convert(name, raw)
  }
  return { verb, settings: settings as Settings }
}

/** The environment variable of an option. */
export function variableOf(name: OptionName): string {
  return `SWARM_${name.toUpperCase().replaceAll('-', '_')}`
}

function optionOf(name: OptionName): OptionSpec {
  return OPTIONS[name]
}

function readFlags(verb: Verb, args: string[], names: readonly OptionName[]): Record<string, unknown> {
  const options = Object.fromEntries(
    names.map(name => {
      const spec = optionOf(name)
      return [
        name,
        { type: spec.type === 'boolean' ? ('boolean' as const) : ('string' as const), multiple: spec.type === 'list' },
      ]
    }),
  )
  const given = args.find(arg => arg.startsWith('--') && !(nameOf(arg) in options))
  if (given !== undefined) {
    throw unknown(`'${verb}' has no option ${given}`, closest(nameOf(given), names, '--'), `swarm-node ${verb} --help`)
  }
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values
  } catch (cause) {
    throw new ExitError('usage', (cause as Error).message, `swarm-node ${verb} --help`, { cause })
  }
}

function nameOf(flag: string): string {
  return flag.slice(2).split('=')[0] ?? ''
}

function readConfigFile(): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(CONFIG_FILE, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new ExitError(
      'configuration',
      `cannot read ${CONFIG_FILE}: ${(cause as Error).message}`,
      `ls -l ${CONFIG_FILE}`,
      { cause },
    )
  }
  let file: unknown
  try {
    file = JSON.parse(text)
  } catch (cause) {
    throw new ExitError(
      'configuration',
      `${CONFIG_FILE} is not JSON: ${(cause as Error).message}`,
      `edit ${CONFIG_FILE}`,
      { cause },
    )
  }
  if (typeof file !== 'object' || file === null || Array.isArray(file)) {
    throw new ExitError('configuration', `${CONFIG_FILE} must hold one object of options`, `edit ${CONFIG_FILE}`)
  }
  const stranger = Object.keys(file).find(name => !(name in OPTIONS))
  if (stranger !== undefined) {
    throw new ExitError('configuration', `${CONFIG_FILE} has an unknown option '${stranger}'`, 'swarm-node --help')
  }
  return file as Record<string, unknown>
}

function defaultOf(name: OptionName, verb: Verb): unknown {
  const spec = optionOf(name)
  if (spec.requiredBy?.includes(verb)) {
    throw new ExitError('usage', `'${verb}' needs --${name} (${spec.help})`, `swarm-node ${verb} --help`)
  }
  const described = typeof spec.default === 'string' && (spec.type !== 'string' || DESCRIBED.has(name))
  return spec.default === null || described ? undefined : spec.default
}

/** String options whose default is a description rather than a value. */
const DESCRIBED: ReadonlySet<OptionName> = new Set(['run', 'chain', 'account', 'accounts', 'out'])

function convert(name: OptionName, raw: unknown): unknown {
  const spec = optionOf(name)
  const bad = (wanted: string) =>
    new ExitError('usage', `--${name} must be ${wanted}, not '${String(raw)}'`, 'swarm-node --help')
  switch (spec.type) {
    case 'boolean':
      if (raw === true || raw === 'true' || raw === '1') return true
      if (raw === false || raw === 'false' || raw === '0' || raw === '') return false
      throw bad('true or false')
    case 'integer': {
      const value = typeof raw === 'number' ? raw : Number(raw)
      const { min = 0, max = Number.MAX_SAFE_INTEGER } = spec
      if (!Number.isInteger(value) || raw === '' || value < min || value > max)
        throw bad(`an integer from ${min} to ${max}`)
      return value
    }
    case 'list':
      if (Array.isArray(raw) && raw.every(item => typeof item === 'string')) return raw
      if (typeof raw === 'string') return raw.split(',').filter(item => item !== '')
      throw bad('a list of strings')
    case 'string':
      if (typeof raw !== 'string' || raw === '') throw bad('a string')
      if (spec.choices !== undefined && !spec.choices.includes(raw)) throw bad(`one of ${spec.choices.join(', ')}`)
      return raw
  }
}

function unknown(message: string, suggestion: string | null, next: string): ExitError {
  return new ExitError('usage', suggestion === null ? message : `${message}; did you mean '${suggestion}'?`, next)
}
