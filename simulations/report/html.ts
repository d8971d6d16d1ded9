/** The page of a run: one file that opens anywhere, with nothing to load and nothing to run. */
import type { ConcreteScenario, Tier } from '../scenario/types.ts'
import type { RunResult, Violation } from '../trace/types.ts'
import type { Maker } from '../version.ts'
import { bytesChart, bytesTable, liarsText, lossChart } from './charts.ts'
import { peerNames, sentenceOf, timeOf } from './describe.ts'
import { messageDiagram } from './messages.ts'
import type { ReportModel } from './model.ts'
import { STYLE } from './style.ts'
import { bytesText, escapeText, secondsLabel } from './svg.ts'
import { timeline } from './timeline.ts'

export interface PageInit {
  readonly scenario: ConcreteScenario
  readonly tier: Tier
  /** As the run can be typed again. */
  readonly reference: string
  readonly model: ReportModel
  readonly result: RunResult
  readonly maker: Maker
}

export const RELEVANT_EVENTS = 20

/** What each tier leaves out, so that a verdict is not taken for more than it is. */
const TIERS: Record<Tier, string> = {
  0: 'tier 0: the pure machines in virtual time; network and computing are models',
  1: 'tier 1: the real network stack and engine in virtual time; plaintext instead of noise',
  2: 'tier 2: real processes, TCP, noise and chain in real time',
}

export function reportPage(init: PageInit): string {
  const { scenario, result } = init
  const { verdict, sentence } = result.verdict
  const title = `${scenario.name}:${scenario.seed} is ${verdict}`
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escapeText(title)}</title>
<style>${STYLE}</style></head><body><main>
<header>
<span class="pill ${verdict}">${verdict}</span> <span class="soft">${escapeText(scenario.name)}, seed ${scenario.seed}</span>
<h1>${escapeText(capital(sentence))}</h1>
<p class="soft">${escapeText(scenario.about)}</p>
<p class="soft">${escapeText(madeBy(init))}</p>
<code class="command">${escapeText(`npx swarm-sim replay ${init.reference} --tier ${init.tier} --verbose`)}</code>
</header>
${figures(init)}
${[violations(init), rounds(init), talk(init), log(init), costs(init), states(init), scenarioText(scenario)].filter(part => part !== '').join('\n')}
</main></body></html>
`
}

function madeBy({ tier, maker, result }: PageInit): string {
  const hash = result.traceHash === '' ? '' : `; trace ${result.traceHash.slice(0, 16)}`
  return `${capital(TIERS[tier])}. swarm-node ${maker.program}, commit ${maker.commit}, Node ${maker.node}${hash}.`
}

function figures({ scenario, model, result }: PageInit): string {
  const { statistics } = result
  const speed = statistics.wallMs > 0 ? statistics.virtualMs / statistics.wallMs : 0
  const cells: [string, string][] = [
    ['rounds decided', count(statistics.roundsDecided)],
    ['virtual time', secondsLabel(Math.round(statistics.virtualMs / 100) * 100)],
    ['times real time', speed >= 10 ? count(Math.round(speed)) : speed.toFixed(1)],
    [`peers in ${scenario.swarm.stages} stages`, count(statistics.peers)],
    ['faults', count(model.faults.length)],
    ['liars', count(model.liars.size)],
    ['messages', count(statistics.messages)],
    ['sent', bytesText(statistics.bytes)],
    ['micro-batches paid', count(statistics.microBatchesSettled)],
  ]
  return `<div class="figures">${cells.map(([name, value]) => `<div><b>${escapeText(value)}</b><span>${escapeText(name)}</span></div>`).join('')}</div>`
}

function violations({ result }: PageInit): string {
  const list = result.verdict.violations
  if (list.length === 0) return ''
  const rows = list.map(
    ({ checker, atMs, sentence, peers }) =>
      `<tr><td class="soft">${timeOf(atMs)}</td><th>${escapeText(checker)}</th><td>${escapeText(sentence)}</td><td>${escapeText(peerNames(peers))}</td></tr>`,
  )
  return section(
    'Broken promises',
    `What a checker promises: swarm-sim explain ${list[0]!.checker}`,
    `<table><thead><tr><th>at</th><th>checker</th><th>what</th><th>peers</th></tr></thead><tbody>${rows.join('')}</tbody></table>`,
  )
}

function rounds({ model, result }: PageInit): string {
  const key = [
    ['i-smooth', 'round, opened to certified'],
    ['i-late', 'needed more than one view'],
    ['i-skip', 'skipped'],
    ['i-view dot', 'a new view begins'],
    ...(model.faults.length === 0 ? [] : [['i-fault', 'fault']]),
  ]
  return section(
    'Rounds, views and faults',
    'Virtual time from left to right; the line within a round is its decision. Point at anything to read it.',
    timeline({ model, violatedMs: firstOf(result)?.atMs ?? null }) + legend(key),
  )
}

function talk({ model, result }: PageInit): string {
  const violation = firstOf(result)
  const diagram = messageDiagram(model, violation)
  if (diagram === null) return ''
  const what = violation === null ? 'The last of what was said in one stage' : 'What was said before the promise broke'
  return section(
    'Messages',
    `${what}: ${diagram.shown} messages from ${timeOf(diagram.fromMs)} to ${timeOf(diagram.toMs)}; time goes down, long waits are cut short.`,
    diagram.picture +
      legend([
        ['i-decided dot', 'decided'],
        ['i-certified dot', 'certified'],
        ['i-view dot', 'new view'],
        ['i-proof dot', 'proof of a lie, or a halt'],
        ['i-lost', 'lost'],
      ]),
  )
}

function log({ model, result }: PageInit): string {
  const violation = firstOf(result)
  const events = violation === null ? model.last.last(RELEVANT_EVENTS) : model.last.before(violation, RELEVANT_EVENTS)
  if (events.length === 0) return ''
  const rows = events.map(event => `<tr><td>${timeOf(event.atMs)}</td><td>${escapeText(sentenceOf(event))}</td></tr>`)
  const note =
    violation === null ? 'The last of the run.' : 'Of the peers that had a part in it, and what befell the swarm.'
  return section(`The last ${events.length} events`, note, `<table class="log"><tbody>${rows.join('')}</tbody></table>`)
}

function costs({ model }: PageInit): string {
  const loss = lossChart(model)
  const bytes = bytesChart(model)
  if (bytes === null) return loss === null ? '' : section('Loss', LOSS_NOTE, loss)
  const perSecond = section('Bytes a second', 'Everything that all peers sent.', bytes)
  const table = section('Bytes by message', `Liars: ${liarsText(model)}.`, bytesTable(model))
  return loss === null ? pair(perSecond, table) : `${pair(section('Loss', LOSS_NOTE, loss), perSecond)}${table}`
}

const LOSS_NOTE = 'Strong: held out; pale: training.'

function pair(left: string, right: string): string {
  return `<div class="pair">${left}${right}</div>`
}

function states({ scenario, result }: PageInit): string {
  const names = [...new Set([...scenario.reaches, ...Object.keys(result.reached)])].toSorted()
  if (names.length === 0) return ''
  const rows = names.map(name => {
    const times = result.reached[name] ?? 0
    const never = scenario.reaches.includes(name)
      ? '<span class="never">never; the scenario is there for it</span>'
      : 'never'
    return `<tr><th>${escapeText(name)}</th><td>${times === 0 ? never : `${count(times)} times`}</td></tr>`
  })
  return section(
    'States reached',
    'What a sweep must meet sometimes.',
    `<table><tbody>${rows.join('')}</tbody></table>`,
  )
}

function scenarioText(scenario: ConcreteScenario): string {
  return `<section><details><summary>The scenario</summary><pre>${escapeText(JSON.stringify(scenario, null, 2))}</pre></details></section>`
}

function section(title: string, note: string, content: string): string {
  return `<section><h2>${escapeText(title)}</h2><p class="note">${escapeText(note)}</p>${content}</section>`
}

function legend(items: readonly (readonly string[])[]): string {
  return `<div class="key">${items.map(([kind, words]) => `<span><i class="${kind}"></i>${escapeText(words ?? '')}</span>`).join('')}</div>`
}

function firstOf({ verdict }: RunResult): Violation | null {
  return verdict.violations[0] ?? null
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}

function capital(text: string): string {
  return `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}`
}
