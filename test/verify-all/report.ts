/** The page of the long checks: a line a check, each of the day and the commit that it was run on; what was not run now stays. */

export interface Line {
  readonly name: string
  readonly claim: string
  readonly passed: boolean
  readonly saw: string
  readonly seconds: number
  readonly today: string
  readonly commit: string
}

const HEAD = '| check | claim | result | seen | seconds | date | commit |'

/** @param before - the page as it is: its lines of checks that were not run now are kept, where their claim is still the same */
export function report(
  { version, machine }: { readonly version: string; readonly machine: string },
  checks: readonly { readonly name: string; readonly claim: string }[],
  lines: readonly Line[],
  before: string,
): string {
  const kept = new Map(before.split('\n').map(text => [text.split(' | ', 2).join(' | '), text]))
  const rows = checks.map(({ name, claim }) => {
    const line = lines.find(one => one.name === name)
    const start = `| ${name} | ${plain(claim)}`
    return line === undefined ? (kept.get(start) ?? `${start} | not run | - | - | - | - |`) : row(start, line)
  })
  return [
    '# Verification',
    '',
    'Written by `npm run verify-all`: what takes longer than `npm test` may. `npm run verify-all -- <check>` runs one of them, and changes its line alone.',
    '',
    `swarm-node ${version}; the newest lines are from ${machine}.`,
    '',
    HEAD,
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}

/** Of what a check that failed said: its first line, which says what was waited for or what was wrong. All of it is on stderr. */
const FAULT_MAX_CHARACTERS = 300

function row(start: string, { passed, saw, seconds, today, commit }: Line): string {
  const result = passed ? `holds | ${plain(saw)}` : `DOES NOT HOLD | ${plain(firstLine(saw))}`
  return `${start} | ${result} | ${seconds} | ${today} | ${commit} |`
}

function firstLine(text: string): string {
  const [line = ''] = text.trimStart().split('\n')
  const characters = [...line]
  return characters.length <= FAULT_MAX_CHARACTERS
    ? line.trimEnd()
    : `${characters.slice(0, FAULT_MAX_CHARACTERS - 1).join('')}…`
}

/** What fits a cell of the table. */
function plain(text: string): string {
  return text.replaceAll('|', '/').replaceAll('\n', ' ')
}
