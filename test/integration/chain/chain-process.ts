/** Starts the embedded chain's program as `up` does, and stops it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('../../../node/chain/main.ts', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly errorText: string
}

export interface ChainProcess {
  readonly child: ChildProcess
  /** Resolves with the `chain.ready` line. */
  readonly ready: Promise<{ url: string; genesis: string }>
  readonly ended: Promise<Ended>
}

export function startChain(directory: string, ...args: readonly string[]): ChainProcess {
  const child = spawn(process.execPath, [PROGRAM, '--data', directory, '--parent-stdin', ...args], { stdio: 'pipe' })
  let errorText = ''
  child.stderr.on('data', data => {
    errorText += data
  })
  const ended = new Promise<Ended>(resolve => {
    child.on('close', (code, signal) => resolve({ code, signal, errorText }))
  })
  const ready = new Promise<{ url: string; genesis: string }>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', line => resolve(JSON.parse(line)))
    void ended.then(({ code }) => reject(new Error(`the chain ended with ${code}: ${errorText}`)))
  })
  ready.catch(() => {})
  return { child, ready, ended }
}

/** A temporary folder with `accounts.json`; returns it and its removal. */
export function chainFolder(accounts: readonly string[]): { directory: string; remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'swarm-chain-'))
  writeFileSync(join(directory, 'accounts.json'), JSON.stringify(accounts))
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) }
}
