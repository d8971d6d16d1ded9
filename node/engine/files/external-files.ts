/**
 * Files of weights beside a model. The model names them, and it may come from anyone: a name that leads out of the model's
 * folder, by itself or through a symbolic link, is refused, and no more is read of a file than it has bytes, so that a small
 * model cannot fill the memory by naming one range a thousand times.
 */
import { closeSync, openSync, readSync, realpathSync, statSync } from 'node:fs'
import { join, sep } from 'node:path'
import { type ExternalData, ExternalDataError, type ExternalRange } from '../onnx/index.ts'

/** Bytes that one call of read() is asked for; the system takes at most 2 GiB. */
const CHUNK_BYTES = 2 ** 28

interface KnownFile {
  readonly path: string
  readonly bytes: number
  /** Ranges that were read, by offset and length: tied weights are read once. */
  readonly ranges: Map<string, Uint8Array>
  /** Bytes in all of them. */
  taken: number
}

export class ExternalFiles implements ExternalData {
  readonly #folder: string
  readonly #files = new Map<string, KnownFile>()

  /** @param folder that of the model */
  constructor(folder: string) {
    this.#folder = realpathSync(folder)
  }

  read({ location, offset, length }: ExternalRange): Uint8Array {
    const file = this.#known(location)
    const key = `${offset}-${length}`
    const known = file.ranges.get(key)
    if (known !== undefined) return known
    if (offset + length > file.bytes)
      throw new ExternalDataError(`'${location}' has ${file.bytes} bytes, too few for ${length} from ${offset} on`)
    file.taken += length
    if (file.taken > file.bytes)
      throw new ExternalDataError(`the model takes more from '${location}' than its ${file.bytes} bytes`)
    const data = readRange(file.path, location, offset, length)
    file.ranges.set(key, data)
    return data
  }

  #known(location: string): KnownFile {
    const path = this.#inside(location)
    const known = this.#files.get(path)
    if (known !== undefined) return known
    const file = { path, bytes: statSync(path).size, ranges: new Map(), taken: 0 }
    this.#files.set(path, file)
    return file
  }

  /** The path with all links followed, of a plain file in the folder. */
  #inside(location: string): string {
    let path: string
    try {
      path = realpathSync(join(this.#folder, location))
    } catch (error) {
      throw new ExternalDataError(`there is no file '${location}' beside the model`, { cause: error })
    }
    const folder = this.#folder.endsWith(sep) ? this.#folder : this.#folder + sep
    if (!path.startsWith(folder)) throw new ExternalDataError(`'${location}' leads out of the model's folder`)
    // Asked before it is opened: a pipe would wait for a writer.
    if (!statSync(path).isFile()) throw new ExternalDataError(`'${location}' is not a plain file`)
    return path
  }
}

/** Opened for each range: a model may have more files than a process may hold open. */
function readRange(path: string, location: string, offset: number, length: number): Uint8Array {
  const descriptor = openSync(path, 'r')
  try {
    const data = new Uint8Array(length)
    let at = 0
    while (at < length) {
      const count = readSync(descriptor, data, at, Math.min(CHUNK_BYTES, length - at), offset + at)
      if (count === 0) throw new ExternalDataError(`'${location}' became shorter while it was read`)
      at += count
    }
    return data
  } finally {
    closeSync(descriptor)
  }
}
