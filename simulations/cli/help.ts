import { type OptionSpec, VERBS, type Verb } from './options.ts'
import { optionsOf } from './parse.ts'

const VERB_COLUMNS = 12
const FLAG_COLUMNS = 12

/** `--help` of the program, or of one verb. */
export function helpText(verb: Verb | null): string {
  if (verb === null) {
    const verbs = Object.entries(VERBS).map(([name, { about }]) => `  ${name.padEnd(VERB_COLUMNS)} ${about}`)
    return [
      'swarm-sim: run the shipped code against faults and liars, from a seed',
      '',
      ...verbs,
      '',
      'swarm-sim <command> --help lists its options; --version: which program this is. Exit 0: valid; 1: violated; 2: unknown, or wrong use.',
    ].join('\n')
  }
  const rows = optionsOf(verb).map(
    ([name, spec]) => `  ${`--${name}`.padEnd(FLAG_COLUMNS)} ${spec.help} (${defaultText(spec)})`,
  )
  return [usage(verb), '', sentence(VERBS[verb].about), VERBS[verb].more, '', ...rows].join('\n')
}

/** The reference page, as Markdown: docs/reference/swarm-sim.md is this, a test compares. */
export function referencePage(): string {
  const sections = (Object.keys(VERBS) as Verb[]).flatMap(verb => [
    `## ${verb}`,
    '',
    `\`${usage(verb)}\``,
    '',
    `${sentence(VERBS[verb].about)} ${VERBS[verb].more}`,
    '',
    '| flag | type | default | meaning |',
    '| --- | --- | --- | --- |',
    ...optionsOf(verb).map(([name, spec]) => `| \`--${name}\` | ${spec.type} | ${defaultText(spec)} | ${spec.help} |`),
    '',
  ])
  return [
    '# swarm-sim',
    '',
    'Made from `simulations/cli/options.ts`. Run it as `npx swarm-sim` or `npm run sim --`; what it is for: [simulations](../../simulations/README.md).',
    '',
    ...sections,
    EXITS,
    '',
  ].join('\n')
}

const EXITS = `## Exit codes

| code | meaning |
| --- | --- |
| 0 | valid: everything that was checked held |
| 1 | violated: a promise was broken; the seed and the command that replays it are printed |
| 2 | unknown (not finished, stopped early, or a scenario never reached what it is there for), or wrong use |`

function usage(verb: Verb): string {
  return `swarm-sim ${[verb, VERBS[verb].words].filter(part => part !== '').join(' ')} [options]`
}

function sentence(text: string): string {
  return `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}.`
}

function defaultText(spec: OptionSpec): string {
  return spec.default === null ? (spec.absent ?? 'none') : String(spec.default)
}
