/**
 * The encoded bytes of the own commits, until round r + 2 is decided. They are flushed before the COMMIT is signed: an author that is
 * itself a candidate of its partitions is one of the f + 1 who promise to serve them. Its leaf hashes show any damage to whoever
 * pulls.
 */
import type { Place } from './entries.ts'
import type { Storage } from './storage.ts'

const PREFIX = 'commit,'

export class OwnCommits {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  async put(place: Place, bytes: Uint8Array): Promise<void> {
    await this.#storage.replace(nameOf(place), [bytes])
  }

  /** The bytes as far as the disk has them: compare them with the COMMIT's leaves. Null where there are none. */
  async get(place: Place): Promise<Uint8Array | null> {
    return this.#storage.read(nameOf(place))
  }

  /** Removes the commits of the run and stage in epochs up to `floor.epoch` and rounds below `floor.round`. */
  async dropBelow(floor: Place): Promise<void> {
    for (const name of await this.#storage.list()) {
      const place = placeOfName(name)
      if (place === null || place.run !== floor.run || place.stage !== floor.stage) continue
      if (place.epoch <= floor.epoch && place.round < floor.round) await this.#storage.remove(name)
    }
  }
}

function nameOf({ run, stage, epoch, round }: Place): string {
  return `${PREFIX}${encodeURIComponent(run)},${stage},${epoch},${round}`
}

function placeOfName(name: string): Place | null {
  if (!name.startsWith(PREFIX)) return null
  const [run, stage, epoch, round] = name.slice(PREFIX.length).split(',')
  return { run: decodeURIComponent(run ?? ''), stage: Number(stage), epoch: Number(epoch), round: Number(round) }
}
