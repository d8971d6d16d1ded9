/** (a) The manifest is the run: its hash is the run id that certificates name, on the chain that it names. Pure but for reading. */
import { existsSync, readFileSync } from 'node:fs'
import { decodeManifest, manifestId } from '../../protocols/wire/cid.ts'
import { equalBytes, hashHex } from '../../protocols/wire/hash.ts'
import type { ContentId, Hash } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import { manifestPath, type Run } from '../run/folder.ts'
import type { Fault } from './types.ts'

export interface ManifestFile {
  readonly where: string
  /** Null where the bytes are no manifest. */
  readonly run: Run | null
  readonly refusal: string
}

/** The manifest of a folder as found; null where it has none. Unlike `readRun`, damage is a finding and not an error. */
export function readManifest(folder: string, where: string): ManifestFile | null {
  const path = manifestPath(folder)
  if (!existsSync(path)) return null
  const manifest = decodeManifest(new Uint8Array(readFileSync(path)))
  return isRefusal(manifest)
    ? { where, run: null, refusal: manifest.detail ?? manifest.refused }
    : { where, run: { id: manifestId(manifest), manifest }, refusal: '' }
}

/** A run id that something in the folder names. */
export interface NamedRun {
  readonly where: string
  readonly run: ContentId
}

export function manifestFaults(run: Run, files: readonly ManifestFile[], named: readonly NamedRun[]): Fault[] {
  const damaged = files
    .filter(file => file.run === null)
    .map(({ where, refusal }) => ({ where, what: `the manifest is damaged: ${refusal}` }))
  const foreign = files
    .filter(file => file.run !== null && file.run.id !== run.id)
    .map(({ where, run: other }) => ({ where, what: `its manifest is of run ${other?.id}, not of ${run.id}` }))
  const strangers = named
    .filter(each => each.run !== run.id)
    .map(({ where, run: other }) => ({ where, what: `it names run ${other}, the manifest's hash is ${run.id}` }))
  return [...damaged, ...foreign, ...strangers]
}

export function genesisFaults(run: Run, genesis: Hash): Fault[] {
  if (equalBytes(genesis, run.manifest.chain.genesis)) return []
  return [
    {
      where: 'the chain',
      what: `its genesis is ${hashHex(genesis)}, the manifest names ${hashHex(run.manifest.chain.genesis)}`,
    },
  ]
}
