/**
 * Checkpoints that this peer keeps of the stage before its own: snapshots under certified full roots, the newest two. They
 * are believed by the hashes of their chunks, whoever asks for them. One folder, which belongs to one stage.
 */
import type { KeptCheckpoints } from '../../protocols/state/index.ts'
import type { Digest } from '../../protocols/wire/environment.ts'
import type { IncomingHead, IncomingSnapshot } from './incoming.ts'
import { IncomingFiles } from './incoming-files.ts'
import { type SnapshotHead, Snapshots } from './snapshots.ts'
import type { Storage } from './storage.ts'

/** Whose they are. */
const STAGE_FILE = 'stage'

export interface CheckpointsOptions {
  readonly storage: Storage
  /** What is there of another stage is removed. */
  readonly stage: number
  readonly digest: Digest
}

export class Checkpoints implements KeptCheckpoints {
  readonly stage: number
  readonly #snapshots: Snapshots
  readonly #incoming: IncomingFiles

  private constructor(stage: number, snapshots: Snapshots, incoming: IncomingFiles) {
    this.stage = stage
    this.#snapshots = snapshots
    this.#incoming = incoming
  }

  static async open({ storage, stage, digest }: CheckpointsOptions): Promise<Checkpoints> {
    const name = new TextEncoder().encode(`${stage}\n`)
    const before = await storage.read(STAGE_FILE)
    if (before === null || new TextDecoder().decode(before) !== `${stage}\n`) {
      for (const file of await storage.list()) await storage.remove(file)
      await storage.replace(STAGE_FILE, [name])
    }
    const [snapshots, incoming] = [await Snapshots.open(storage, digest), await IncomingFiles.open(storage, digest)]
    return new Checkpoints(stage, snapshots, incoming)
  }

  /** Newest first; at most two. */
  get heads(): readonly (SnapshotHead & { readonly bytes: number })[] {
    return this.#snapshots.heads
  }

  /** Not checked: who asks compares it with a leaf. */
  piece(round: number, offset: number, bytes: number): Promise<Uint8Array | null> {
    return this.#snapshots.piece(round, offset, bytes)
  }

  /** Where the chunks of one go; of a newer round than those that are held. What was left of others is removed. */
  incoming(head: IncomingHead): Promise<IncomingSnapshot> {
    return this.#incoming.of(head)
  }

  /** All its chunks are there: it takes the place of the older of the two. Resolves once it is on the disk. */
  async take(round: number, incoming: IncomingSnapshot): Promise<void> {
    await this.#snapshots.take(round, incoming)
    await this.#incoming.dropThrough(round)
  }

  /** Nobody has the rest of it any more. */
  drop(incoming: IncomingSnapshot): Promise<void> {
    return this.#incoming.drop(incoming)
  }
}
