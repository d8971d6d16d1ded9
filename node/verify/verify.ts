/**
 * Walks the table of checks over a data folder: that of `swarm-node up`, with a folder for each of its peers, or a single
 * peer's. Nothing is written, and the peers may be at work. Everything is judged by the manifest's hash and the chain alone.
 */
import { resolve } from 'node:path'
import type { Chain } from '../../consensus/chain/types.ts'
import { ExitError } from '../cli/exit.ts'
import { peerFolders, type Run } from '../run/folder.ts'
import { CHECKS } from './checks.ts'
import { LISTED_FAULTS } from './faults.ts'
import { nameOf, openFolders } from './folders.ts'
import { namedRuns } from './history.ts'
import { type ManifestFile, manifestFaults, readManifest } from './manifest.ts'
import { Subject } from './subject.ts'
import type { CheckName, CheckReport, Extent, Verdict } from './types.ts'

export interface VerifyInit {
  readonly data: string
  /** Opens the chain to read. Called only where the manifest agrees with the folder. */
  readonly connect: (run: Run) => Promise<Chain>
  /** Called after each check. */
  readonly onReport: (report: CheckReport) => void
  readonly signal: AbortSignal
}

export interface Verified {
  readonly run: Run | null
  readonly reports: readonly CheckReport[]
  readonly extent: Extent
}

const NOTHING: Extent = { certified: 0, final: 0 }

export async function verifyFolder({ data, connect, onReport, signal }: VerifyInit): Promise<Verified> {
  const root = resolve(data)
  const paths = peerFolders(root)
  const manifests = manifestsOf(root, paths)
  const run = manifests.find(file => file.run !== null)?.run ?? null
  const walker = new Walker(onReport)
  if (run === null) {
    const what = manifests.map(({ where, refusal }) => ({ where, what: `the manifest is damaged: ${refusal}` }))
    await walker.walk(async () => ({ detail: 'the run is unknown', faults: what }))
    return { run, reports: walker.reports, extent: NOTHING }
  }
  const opened = await openFolders(root, paths, run)
  try {
    // Before the chain is asked: a manifest that was tampered with may name another chain.
    const faults = manifestFaults(run, manifests, await namedRuns(opened.folders, run.manifest.stages))
    if (faults.length > 0) {
      await walker.walk(async () => ({ detail: 'the manifest is another', faults }))
      return { run, reports: walker.reports, extent: NOTHING }
    }
    const chain = await connect(run)
    try {
      const subject = new Subject({ data: root, run, manifests, opened, chain, signal })
      await walker.walk(check => check.run(subject))
      return { run, reports: walker.reports, extent: subject.extent }
    } finally {
      await chain.close()
    }
  } finally {
    for (const { store } of opened.folders) await store.close()
  }
}

function manifestsOf(root: string, paths: readonly string[]): ManifestFile[] {
  const folders = [...new Set([root, ...paths])]
  const manifests = folders.flatMap(folder => readManifest(folder, `${nameOf(root, folder)}/manifest.cbor`) ?? [])
  if (manifests.length > 0) return manifests
  throw new ExitError('configuration', `${root} holds no manifest: it is not the data folder of a run`, `ls ${root}`)
}

class Walker {
  readonly #onReport: VerifyInit['onReport']
  readonly reports: CheckReport[] = []
  /** What did not hold or was left out, and the check that is to blame. */
  readonly #blamed = new Map<CheckName, CheckName>()

  constructor(onReport: VerifyInit['onReport']) {
    this.#onReport = onReport
  }

  /** Runs the checks in order; one that needs what does not hold, or was itself left out, is left out. */
  async walk(run: (check: (typeof CHECKS)[number]) => Promise<Verdict>): Promise<void> {
    for (const check of CHECKS) {
      const blamed = check.needs.map(need => this.#blamed.get(need)).find(name => name !== undefined)
      const report = blamed === undefined ? reportOf(check, await run(check)) : leftOut(check.name, blamed)
      if (report.holds === false || blamed !== undefined) this.#blamed.set(check.name, blamed ?? check.name)
      this.reports.push(report)
      this.#onReport(report)
    }
  }
}

function reportOf(
  { name, next }: (typeof CHECKS)[number],
  { detail, faults, faultCount, absent }: Verdict,
): CheckReport {
  const holds = faults.length === 0
  return {
    check: name,
    holds: holds && absent === true ? null : holds,
    detail: holds ? detail : 'does not hold',
    faults: faults.slice(0, LISTED_FAULTS),
    faultCount: faultCount ?? faults.length,
    next: holds ? null : next,
  }
}

function leftOut(check: CheckName, blamed: CheckName): CheckReport {
  return {
    check,
    holds: null,
    detail: `not checked, because '${blamed}' does not hold`,
    faults: [],
    faultCount: 0,
    next: null,
  }
}
