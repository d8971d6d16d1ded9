/** What a person asks a running peer to do, as a file in its data folder: it works alike on every system. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const REQUEST_FILE = 'request'
const REQUESTS = ['leave', 'pause', 'stop'] as const

/** leave: give the seat up, then end. pause: hand the work over, then end; the seat stays. stop: end now; the seat stays, and counts as absent. */
export type PeerRequest = (typeof REQUESTS)[number]

export function readRequest(folder: string): PeerRequest | null {
  const path = join(folder, REQUEST_FILE)
  if (!existsSync(path)) return null
  const text = readFileSync(path, 'utf8').trim()
  return REQUESTS.find(request => request === text) ?? null
}

export function writeRequest(folder: string, request: PeerRequest): void {
  const path = join(folder, REQUEST_FILE)
  writeFileSync(`${path}.new`, `${request}\n`)
  renameSync(`${path}.new`, path)
}

export function clearRequest(folder: string): void {
  rmSync(join(folder, REQUEST_FILE), { force: true })
}
