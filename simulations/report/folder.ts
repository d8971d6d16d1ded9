/** The folder of a run: what ran, what happened, what it gave, and the page that shows it. */
import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import type { ConcreteScenario, Tier } from '../scenario/types.ts'
import type { RunResult, SimEvent } from '../trace/types.ts'
import { type Maker, TRACE_VERSION, thisMaker } from '../version.ts'
import { reportPage } from './html.ts'
import { ReportModel } from './model.ts'

export const FILES = {
  scenario: 'scenario.json',
  trace: 'trace.jsonl',
  verdict: 'verdict.json',
  report: 'report.html',
} as const

export const DEFAULT_FOLDER = 'swarm-sim-runs'

export interface StoredVerdict extends RunResult {
  readonly maker: Maker
}

const FLUSH_CHARACTERS = 256 * 1024

/** Takes a run's events while it goes on; nothing of them stays in memory but what the page needs. */
export class RunFolder {
  readonly path: string
  readonly #scenario: ConcreteScenario
  readonly #tier: Tier
  readonly #reference: string
  readonly #model: ReportModel
  readonly #trace: number
  #lines = ''

  /** @param reference - as the run can be typed again */
  constructor(path: string, scenario: ConcreteScenario, tier: Tier, reference: string) {
    this.path = path
    this.#scenario = scenario
    this.#tier = tier
    this.#reference = reference
    this.#model = new ReportModel(scenario)
    mkdirSync(path, { recursive: true })
    for (const name of [FILES.verdict, FILES.report]) rmSync(join(path, name), { force: true })
    writeFileSync(join(path, FILES.scenario), `${JSON.stringify(scenario, null, 2)}\n`)
    this.#trace = openSync(join(path, FILES.trace), 'w')
    this.#write(JSON.stringify(traceHeader(scenario, tier)))
  }

  add(event: SimEvent): void {
    this.#model.add(event)
    this.#write(JSON.stringify(event))
  }

  finish(result: RunResult): void {
    this.#flush()
    closeSync(this.#trace)
    const stored: StoredVerdict = { ...result, maker: thisMaker() }
    writeFileSync(join(this.path, FILES.verdict), `${JSON.stringify(stored, null, 2)}\n`)
    const page = reportPage({
      scenario: this.#scenario,
      tier: this.#tier,
      reference: this.#reference,
      model: this.#model,
      result,
      maker: thisMaker(),
    })
    writeFileSync(join(this.path, FILES.report), page)
    linkLatest(this.path)
  }

  #write(line: string): void {
    this.#lines += `${line}\n`
    if (this.#lines.length >= FLUSH_CHARACTERS) this.#flush()
  }

  #flush(): void {
    writeSync(this.#trace, this.#lines)
    this.#lines = ''
  }
}

export interface TraceHeader extends Maker {
  readonly type: 'trace'
  readonly scenario: string
  readonly seed: number
  readonly tier: Tier
}

export function traceHeader(scenario: ConcreteScenario, tier: Tier): TraceHeader {
  return { type: 'trace', ...thisMaker(), scenario: scenario.name, seed: scenario.seed, tier }
}

/** @throws Error where it is damaged, or of another version; null where the run did not end */
export function readStoredVerdict(folder: string): StoredVerdict | null {
  const file = join(folder, FILES.verdict)
  let stored: StoredVerdict
  try {
    stored = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new Error(`cannot read ${file}: ${(cause as Error).message}`, { cause })
  }
  const version = stored.maker?.trace
  if (version !== TRACE_VERSION) {
    throw new Error(
      `${file} is of trace version ${version ?? 'unknown'} (swarm-node ${stored.maker?.program ?? 'unknown'}, commit ${stored.maker?.commit ?? 'unknown'}); this program reads version ${TRACE_VERSION}`,
    )
  }
  return stored
}

/** What to be told where a stored run was made by other code than this: its trace need not come out again; else null. */
export function differenceOf({ maker }: StoredVerdict): string | null {
  const own = thisMaker()
  if (maker.program === own.program && maker.commit === own.commit) return null
  return `that run was made by swarm-node ${maker.program} at commit ${maker.commit}; this is ${own.program} at ${own.commit}: what happens may differ`
}

/** `latest` beside the folder points to it. */
function linkLatest(folder: string): void {
  const path = resolve(folder)
  const link = join(dirname(path), 'latest')
  if (basename(path) === 'latest') return
  const existing = lstatSync(link, { throwIfNoEntry: false })
  // Something of the user's own that happens to be called so stays.
  if (existing !== undefined && !existing.isSymbolicLink()) return
  rmSync(link, { force: true })
  symlinkSync(relative(dirname(path), path), link, process.platform === 'win32' ? 'junction' : undefined)
}
