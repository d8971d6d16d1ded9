import { OPTIONS, type OptionName, type OptionSpec, VERBS, type Verb } from './options.ts'
import { variableOf } from './parse.ts'

/** `--help` of the program, or of one verb. */
export function helpText(verb: Verb | null): string {
  if (verb === null) {
    const verbs = Object.entries(VERBS).map(([name, help]) => `  ${name.padEnd(8)} ${help}`)
    return [
      'swarm-node: train one model together, without an orchestrator',
      '',
      ...verbs,
      '',
      'swarm-node <command> --help lists its options; --version tells which program this is.',
    ].join('\n')
  }
  const rows = optionsOf(verb).map(([name, spec]) => `  ${`--${name}`.padEnd(18)} ${spec.help} (${defaultText(spec)})`)
  return [`swarm-node ${verb}: ${VERBS[verb]}`, '', ...rows].join('\n')
}

/** The reference page, as Markdown: docs/reference/cli.md is this, a test compares. */
export function referencePage(): string {
  const sections = (Object.keys(VERBS) as Verb[]).map(verb => {
    const rows = optionsOf(verb).map(
      ([name, spec]) =>
        `| \`--${name}\` | \`${variableOf(name)}\` | ${spec.type} | ${defaultText(spec)} | ${spec.help} |`,
    )
    return [
      `## swarm-node ${verb}`,
      '',
      `${VERBS[verb][0]?.toUpperCase()}${VERBS[verb].slice(1)}.`,
      '',
      '| flag | environment | type | default | meaning |',
      '| --- | --- | --- | --- | --- |',
      ...rows,
    ].join('\n')
  })
  return [
    '# Command line',
    '',
    'Made from `node/config/options.ts`. A flag wins over its environment variable, that over `swarm.json` in the working',
    'folder, that over the default.',
    '',
    ...sections.flatMap(section => [section, '']),
    EXIT_TABLE,
    '',
  ].join('\n')
}

const EXIT_TABLE = `## Exit codes

| code | meaning |
| --- | --- |
| 0 | done |
| 1 | \`verify\`: something does not hold |
| 64 | wrong use: unknown command, option or value |
| 69 | network or chain: port in use, chain away or of another kind; \`status\`: a peer does not run |
| 70 | internal error: please report it |
| 73 | data folder locked or damaged |
| 77 | identity or stake refused: no bond, or one below the floor |
| 78 | configuration or manifest: malformed, foreign, or of another version |`

function optionsOf(verb: Verb): [OptionName, OptionSpec][] {
  return (Object.entries(OPTIONS) as [OptionName, OptionSpec][]).filter(([, spec]) => spec.verbs.includes(verb))
}

function defaultText(spec: OptionSpec): string {
  if (spec.default === null) return 'none'
  const choices = spec.choices === undefined ? '' : `${spec.choices.join(', ')}; `
  return `${choices}${String(spec.default).replace(/^default: /, '')}`
}
