/**
 * Partitions of siblings' commitments that this peer has acknowledged, until round r + 2 is decided: HAVE is a promise to
 * serve, and a process that dies must not break it, else one crash more than f makes a decided value that nobody can compute.
 * Not flushed, as the own commits are not: they survive the process, and whoever pulls checks them.
 */

import { hashHex, hexBytes } from '../../protocols/wire/hash.ts'
import type { Hash, PeerName } from '../../protocols/wire/messages.ts'
import type { Place } from './entries.ts'
import type { Storage } from './storage.ts'

const PREFIX = 'held,'

export interface HeldPartition {
  readonly author: PeerName
  readonly root: Hash
  readonly partition: number
}

export class HeldPartitions {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  async put(place: Place, held: HeldPartition, bytes: Uint8Array): Promise<void> {
    await this.#storage.write(nameOf(place, held), bytes)
  }

  /** What is held of a stage's round, as far as the disk has it. */
  async of(
    place: Omit<Place, 'epoch'>,
  ): Promise<(HeldPartition & { readonly epoch: number; readonly bytes: Uint8Array })[]> {
    const found: (HeldPartition & { readonly epoch: number; readonly bytes: Uint8Array })[] = []
    for (const held of await this.names(place)) {
      const bytes = await this.#storage.read(nameOf(held, held))
      if (bytes !== null) found.push({ ...held, bytes })
    }
    return found
  }

  /** The same without the bytes. */
  async names({ run, stage, round }: Omit<Place, 'epoch'>): Promise<(Place & HeldPartition)[]> {
    const all = (await this.#storage.list()).map(parse)
    return all
      .filter(held => held !== null)
      .filter(held => held.run === run && held.stage === stage && held.round === round)
  }

  /** Removes what is held of the run and stage in epochs up to `floor.epoch` and rounds below `floor.round`. */
  async dropBelow(floor: Place): Promise<void> {
    for (const name of await this.#storage.list()) {
      const held = parse(name)
      if (held === null || held.run !== floor.run || held.stage !== floor.stage) continue
      if (held.epoch <= floor.epoch && held.round < floor.round) await this.#storage.remove(name)
    }
  }
}

function nameOf({ run, stage, epoch, round }: Place, { author, root, partition }: HeldPartition): string {
  return `${PREFIX}${encodeURIComponent(run)},${stage},${epoch},${round},${author},${hashHex(root)},${partition}`
}

function parse(name: string): (Place & HeldPartition) | null {
  if (!name.startsWith(PREFIX)) return null
  const [run = '', stage, epoch, round, author = '', root = '', partition] = name.slice(PREFIX.length).split(',')
  return {
    run: decodeURIComponent(run),
    stage: Number(stage),
    epoch: Number(epoch),
    round: Number(round),
    author,
    root: hexBytes(root),
    partition: Number(partition),
  }
}
