/**
 * Where things lie in a data folder. A swarm's folder (made by `up`) holds a peer's folder for each of its peers:
 *
 *   swarm-data/manifest.cbor          the run
 *   swarm-data/chain/                 the embedded chain: accounts.json, blocks, log
 *   swarm-data/peers/00/ ... 07/      one folder a peer
 *   swarm-data/{loss.svg, history.jsonl, model.onnx, model.safetensors}
 *
 *   <peer>/{identity.key, account.key, manifest.cbor, lock}
 *   <peer>/{journal/, rounds/, checkpoints/, chain/, addresses/, logs/}
 *   <peer>/version                    of the layout; <swarm>/version too (folder-version.ts)
 *   <peer>/status.json                what the peer last said of itself (node/status)
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import {
  decodeManifest,
  encodeManifest,
  hashOfContentId,
  manifestId,
  manifestVersion,
} from '../../protocols/wire/cid.ts'
import { PROTOCOL_VERSION } from '../../protocols/wire/constants.ts'
import type { Manifest } from '../../protocols/wire/manifest.ts'
import type { ContentId } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import { ExitError } from '../cli/exit.ts'
import { UPGRADE_COMMAND } from './upgrade.ts'

const MANIFEST_FILE = 'manifest.cbor'
/** A peer's key and its chain account, in the peer's folder. */
export const IDENTITY_FILE = 'identity.key'
export const ACCOUNT_FILE = 'account.key'
/** The stage that was dealt to it: a convenience for reading the folder without the chain. */
const SEAT_FILE = 'stage'
/** Far above any manifest; a larger file is something else. */
const MAX_MANIFEST_BYTES = 64 * 1024

export interface Run {
  readonly id: ContentId
  readonly manifest: Manifest
}

export interface SwarmFolder {
  readonly root: string
  readonly chain: string
  readonly accounts: string
  readonly history: string
  readonly chart: string
  readonly onnx: string
  readonly safetensors: string
  peer(index: number): string
}

export function swarmFolder(data: string): SwarmFolder {
  const root = resolve(data)
  return {
    root,
    chain: join(root, 'chain'),
    accounts: join(root, 'chain', 'accounts.json'),
    history: join(root, 'history.jsonl'),
    chart: join(root, 'loss.svg'),
    onnx: join(root, 'model.onnx'),
    safetensors: join(root, 'model.safetensors'),
    peer: index => join(root, 'peers', String(index).padStart(2, '0')),
  }
}

/** The peers' folders of a swarm's folder, or the folder itself where it is one peer's. */
export function peerFolders(data: string): string[] {
  const peers = join(resolve(data), 'peers')
  if (!existsSync(peers)) return [resolve(data)]
  return readdirSync(peers)
    .sort()
    .map(name => join(peers, name))
}

export function accountPath(folder: string): string {
  return join(folder, ACCOUNT_FILE)
}

export function manifestPath(folder: string): string {
  return join(folder, MANIFEST_FILE)
}

export function hasManifest(folder: string): boolean {
  return existsSync(manifestPath(folder))
}

/** Reads and checks a manifest file; every fault is an exit 78 with the reason. */
export function readRun(path: string): Run {
  let bytes: Uint8Array
  try {
    bytes = new Uint8Array(readFileSync(path))
  } catch (cause) {
    throw new ExitError(
      'configuration',
      `cannot read the manifest ${path}: ${(cause as Error).message}`,
      `ls -l ${path}`,
      { cause },
    )
  }
  if (bytes.byteLength > MAX_MANIFEST_BYTES) {
    throw new ExitError(
      'configuration',
      `${path} is ${bytes.byteLength} bytes long, a manifest is at most ${MAX_MANIFEST_BYTES}`,
      `ls -l ${path}`,
    )
  }
  const manifest = decodeManifest(bytes)
  if (isRefusal(manifest)) {
    if (manifest.refused === 'wrong-version') throw otherVersion(path, manifestVersion(bytes) ?? 0)
    throw new ExitError(
      'configuration',
      `${path} is not a manifest of this version: ${manifest.detail ?? manifest.refused}`,
      `ask whoever runs it for the manifest file, or upgrade swarm-node: ${UPGRADE_COMMAND}`,
    )
  }
  return { id: manifestId(manifest), manifest }
}

function otherVersion(path: string, version: number): ExitError {
  const isNewer = version > PROTOCOL_VERSION
  return new ExitError(
    'configuration',
    `${path} is a manifest of version ${version}, this swarm-node speaks ${PROTOCOL_VERSION}`,
    isNewer ? UPGRADE_COMMAND : 'take the swarm-node that the run was begun with, or begin another run',
  )
}

export function writeRun(folder: string, manifest: Manifest): Run {
  mkdirSync(folder, { recursive: true })
  const path = manifestPath(folder)
  writeFileSync(`${path}.new`, encodeManifest(manifest))
  renameSync(`${path}.new`, path)
  return { id: manifestId(manifest), manifest }
}

/** Which stage the chain dealt to the folder's peer; null before it first knew. */
export function readSeat(folder: string): number | null {
  const path = join(folder, SEAT_FILE)
  if (!existsSync(path)) return null
  const stage = Number(readFileSync(path, 'utf8').trim())
  return Number.isInteger(stage) && stage >= 0 ? stage : null
}

export function writeSeat(folder: string, stage: number): void {
  writeFileSync(join(folder, SEAT_FILE), `${stage}\n`)
}

/** `--run` names a run by its id, and the folder has no manifest: it must be asked for. */
export function isUnknownRun(given: string, folder: string): boolean {
  return !existsSync(given) && !hasManifest(folder) && hashOfContentId(given) !== null
}

/** `--run`: a manifest file, or the id of the run whose manifest the folder already holds. */
export function resolveRun(given: string, folder: string): Run {
  const stored = hasManifest(folder) ? readRun(manifestPath(folder)) : null
  const isFile = existsSync(given)
  if (!isFile && stored === null) {
    throw new ExitError(
      'configuration',
      `'${given}' is no manifest file, and ${folder} holds no manifest yet`,
      'swarm-node join --run <manifest file> ...',
    )
  }
  const run = isFile ? readRun(given) : (stored as Run)
  const differs = isFile ? stored !== null && stored.id !== run.id : run.id !== given
  if (differs) {
    throw new ExitError(
      'configuration',
      `${folder} belongs to run ${stored?.id}, not to ${isFile ? run.id : given}`,
      'use another --data folder for another run',
    )
  }
  if (stored === null) writeRun(folder, run.manifest)
  return run
}
