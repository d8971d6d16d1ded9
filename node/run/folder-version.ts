/**
 * The version of a data folder's layout, in a file of its own: a program that knows the layout otherwise must not write into
 * it. Folders from before there was such a file have the first layout.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ExitError } from '../cli/exit.ts'
import { UPGRADE_COMMAND } from './upgrade.ts'

export const FOLDER_VERSION = 1
const VERSION_FILE = 'version'

/** What brings a folder from one version to the next, by the version that it has. */
export type Migrations = Readonly<Record<number, (folder: string) => void>>

const MIGRATIONS: Migrations = {}

/**
 * Before a folder is written to: an older one is brought to this version, a new one is marked.
 * Throws an `ExitError` where the folder is newer, or older than there is a way from.
 */
export function openFolderVersion(folder: string, migrations = MIGRATIONS, known = FOLDER_VERSION): void {
  let version = readVersion(folder)
  if (version === null) {
    const isOld = existsSync(join(folder, 'identity.key')) || existsSync(join(folder, 'manifest.cbor'))
    version = isOld ? 1 : known
    writeVersion(folder, version)
  }
  refuseNewer(folder, version, known)
  for (; version < known; version++) {
    const migrate = migrations[version]
    if (migrate === undefined) throw tooOld(folder, version, known)
    migrate(folder)
    writeVersion(folder, version + 1)
  }
}

/** Before a folder is only read: as {@link openFolderVersion}, but nothing is changed. */
export function checkFolderVersion(folder: string, known = FOLDER_VERSION): void {
  const version = readVersion(folder) ?? 1
  refuseNewer(folder, version, known)
  if (version < known) throw tooOld(folder, version, known)
}

function refuseNewer(folder: string, version: number, known: number): void {
  if (version <= known) return
  const message = `${folder} was written by a newer swarm-node (layout ${version}, this one knows ${known})`
  throw new ExitError('configuration', message, UPGRADE_COMMAND)
}

function tooOld(folder: string, version: number, known: number): ExitError {
  return new ExitError(
    'configuration',
    `${folder} was written by an older swarm-node (layout ${version}, this one knows ${known})`,
    'move it away, keep identity.key and account.key in a new folder, and join again: the state comes from the siblings',
  )
}

/** Null where there is no such file. */
function readVersion(folder: string): number | null {
  const path = join(folder, VERSION_FILE)
  if (!existsSync(path)) return null
  const text = readFileSync(path, 'utf8').trim()
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new ExitError('data', `${path} holds no version`, `rm ${path}, if no other program has written to ${folder}`)
}

function writeVersion(folder: string, version: number): void {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, VERSION_FILE)
  writeFileSync(`${path}.new`, `${version}\n`)
  renameSync(`${path}.new`, path)
}
