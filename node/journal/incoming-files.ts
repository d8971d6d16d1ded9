/** The file of the one snapshot that is on its way, or that an interrupted transfer has left. */
import type { Digest } from '../../protocols/wire/environment.ts'
import { type IncomingHead, IncomingSnapshot, incomingRound } from './incoming.ts'
import type { Storage } from './storage.ts'

export class IncomingFiles {
  readonly #storage: Storage
  readonly #digest: Digest
  /** By name, with their rounds. More than one only for a moment. */
  readonly #rounds = new Map<string, number>()

  private constructor(storage: Storage, digest: Digest) {
    this.#storage = storage
    this.#digest = digest
  }

  static async open(storage: Storage, digest: Digest): Promise<IncomingFiles> {
    const files = new IncomingFiles(storage, digest)
    for (const name of await storage.list()) {
      const round = incomingRound(name)
      if (round !== null) files.#rounds.set(name, round)
    }
    return files
  }

  /** Round of the newest; null where there is none. */
  get round(): number | null {
    return this.#rounds.size === 0 ? null : Math.max(...this.#rounds.values())
  }

  async of(head: IncomingHead): Promise<IncomingSnapshot> {
    const incoming = new IncomingSnapshot({ storage: this.#storage, digest: this.#digest, head })
    for (const name of [...this.#rounds.keys()]) if (name !== incoming.name) await this.#remove(name)
    this.#rounds.set(incoming.name, head.round)
    return incoming
  }

  async drop(incoming: IncomingSnapshot): Promise<void> {
    await incoming.close()
    await this.#remove(incoming.name)
  }

  /** Those up to a round are outdated, or have become a snapshot. */
  async dropThrough(round: number): Promise<void> {
    for (const [name, of] of [...this.#rounds]) if (of <= round) await this.#remove(name)
  }

  async #remove(name: string): Promise<void> {
    await this.#storage.remove(name)
    this.#rounds.delete(name)
  }
}
