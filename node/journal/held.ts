/**
 * Partitions of siblings' commitments that this peer has acknowledged, until round r + 2 is decided: HAVE is a promise to
 * serve, and neither a process that dies nor a loss of power must break it, else one of them more than f makes a decided value
 * that nobody can compute; so they are flushed. A file's name ends with its digest: what a disk has damaged was never held, and
 * the author's copy is taken again.
 */
import { hashHex, hexBytes } from '../../protocols/wire/hash.ts'
import type { Hash, PeerName } from '../../protocols/wire/messages.ts'
import { nativeHash } from '../engine/runtime/hashing.ts'
import type { Place } from './entries.ts'
import type { Storage } from './storage.ts'

const PREFIX = 'held,'
/** Against damage, not malice: a name has room for no more. */
const DIGEST_BYTES = 8

export interface HeldPartition {
  readonly author: PeerName
  readonly root: Hash
  readonly partition: number
}

export class HeldPartitions {
  readonly #storage: Storage
  /** What this process has written, or is writing, without the digest: what comes again is not written again. */
  readonly #written = new Map<string, Promise<void>>()

  constructor(storage: Storage) {
    this.#storage = storage
  }

  put(place: Place, held: HeldPartition, bytes: Uint8Array): Promise<void> {
    const key = keyOf(place, held)
    const known = this.#written.get(key)
    if (known !== undefined) return known
    const writing = this.#storage.replace(`${key},${digestOf(bytes)}`, [bytes])
    this.#written.set(key, writing)
    // Who asked is told of it, and may try again.
    writing.catch(() => this.#written.delete(key))
    return writing
  }

  /** What is held of a stage from this round on, as far as the disk has it. */
  async since(
    place: Omit<Place, 'epoch'>,
  ): Promise<(HeldPartition & Pick<Place, 'epoch' | 'round'> & { readonly bytes: Uint8Array })[]> {
    const found: (Place & HeldPartition & { readonly bytes: Uint8Array })[] = []
    for (const { name, digest, ...held } of await this.#ofStage(place)) {
      if (held.round < place.round) continue
      const bytes = await this.#storage.read(name)
      if (bytes === null) continue
      if (digestOf(bytes) === digest) found.push({ ...held, bytes })
      else await this.#storage.remove(name)
    }
    return found
  }

  /** What is held of a round, without the bytes. */
  async names({ run, stage, round }: Omit<Place, 'epoch'>): Promise<(Place & HeldPartition)[]> {
    return (await this.#ofStage({ run, stage })).filter(held => held.round === round)
  }

  async #ofStage({ run, stage }: Pick<Place, 'run' | 'stage'>): Promise<HeldFile[]> {
    const all = (await this.#storage.list()).map(parse)
    return all.filter(held => held !== null).filter(held => held.run === run && held.stage === stage)
  }

  /** Removes what is held of the run and stage in epochs up to `floor.epoch` and rounds below `floor.round`. */
  async dropBelow(floor: Place): Promise<void> {
    for (const name of await this.#storage.list()) {
      const held = parse(name)
      if (held === null || held.run !== floor.run || held.stage !== floor.stage) continue
      if (held.epoch > floor.epoch || held.round >= floor.round) continue
      this.#written.delete(keyOf(held, held))
      await this.#storage.remove(name)
    }
  }
}

/** What the name of the file says of its content. */
function digestOf(bytes: Uint8Array): string {
  return hashHex(nativeHash(bytes).subarray(0, DIGEST_BYTES))
}

function keyOf({ run, stage, epoch, round }: Place, { author, root, partition }: HeldPartition): string {
  return `${PREFIX}${encodeURIComponent(run)},${stage},${epoch},${round},${author},${hashHex(root)},${partition}`
}

interface HeldFile extends Place, HeldPartition {
  readonly name: string
  readonly digest: string
}

function parse(name: string): HeldFile | null {
  if (!name.startsWith(PREFIX)) return null
  const parts = name.slice(PREFIX.length).split(',')
  const [run = '', stage, epoch, round, author = '', root = '', partition, digest = ''] = parts
  return {
    name,
    digest,
    run: decodeURIComponent(run),
    stage: Number(stage),
    epoch: Number(epoch),
    round: Number(round),
    author,
    root: hexBytes(root),
    partition: Number(partition),
  }
}
