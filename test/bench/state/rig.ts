/** Folder and processes of this benchmark. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { PeerName } from '../../../protocols/wire/messages.ts'
import { type Certified, certify, makeState, openStore } from '../../integration/state/state-peer.ts'

export interface Source {
  readonly name: PeerName
  readonly addresses: readonly string[]
}

export class Rig {
  readonly folder: string
  readonly certified: Certified
  readonly #children = new Set<ChildProcess>()

  private constructor(folder: string, certified: Certified) {
    this.folder = folder
    this.certified = certified
  }

  /** @param bytes - of the state that the sources hold */
  static async open(bytes: number): Promise<Rig> {
    const folder = await mkdtemp(join(tmpdir(), 'swarm-bench-'))
    const state = makeState(bytes)
    const rig = new Rig(folder, certify(state))
    const held = await openStore(rig.#held)
    await held.putSnapshot(rig.certified.head, state)
    await held.close()
    return rig
  }

  /** A process that serves; 0: as fast as it can. */
  async source(bytesPerSecond: number): Promise<Source> {
    const { line } = await this.#start('./source.ts', this.#held, String(bytesPerSecond))
    return { name: line.slice(line.lastIndexOf('/') + 1), addresses: [line] }
  }

  /** A process that fetches without end; it has begun when this resolves. Calling the result stops it. */
  async asker(from: Source): Promise<() => Promise<void>> {
    const { bytes } = this.certified.wanted
    const { child } = await this.#start('./asker.ts', String(bytes), ...from.addresses)
    return () => this.#end(child)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#children].map(child => this.#end(child)))
    await rm(this.folder, { recursive: true, force: true })
  }

  get #held(): string {
    return join(this.folder, 'held')
  }

  async #start(script: string, ...args: readonly string[]): Promise<{ child: ChildProcess; line: string }> {
    const path = new URL(script, import.meta.url).pathname
    const child = spawn(process.execPath, [path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#children.add(child)
    const lines = createInterface({ input: child.stdout })
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${script} ended before it had begun`)))
    ended.catch(() => undefined)
    const [line] = await Promise.race([once(lines, 'line'), ended])
    return { child, line: String(line) }
  }

  async #end(child: ChildProcess): Promise<void> {
    this.#children.delete(child)
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.stdin?.end()
    await ended
  }
}
