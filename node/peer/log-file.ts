/** A log of bounded size: when the file is full it becomes the old one, in place of the one before. */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'

export class LogFile {
  readonly #path: string
  readonly #maxBytes: number
  #file: number
  #bytes: number

  constructor(path: string, maxBytes: number) {
    this.#path = path
    this.#maxBytes = maxBytes
    this.#file = openSync(path, 'a')
    this.#bytes = fstatSync(this.#file).size
  }

  /** @throws where the disk refuses it */
  write(line: string): void {
    const bytes = Buffer.byteLength(line)
    if (this.#bytes > 0 && this.#bytes + bytes > this.#maxBytes) this.#turn()
    writeSync(this.#file, line)
    this.#bytes += bytes
  }

  close(): void {
    closeSync(this.#file)
  }

  #turn(): void {
    closeSync(this.#file)
    renameSync(this.#path, `${this.#path}.old`)
    this.#file = openSync(this.#path, 'a')
    this.#bytes = 0
  }
}
