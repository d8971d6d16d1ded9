/**
 * Blocks on disk: one line a block, appended and flushed before anyone hears of it, so the finalised head is never taken
 * back. A line is 16 hex digits of the JSON's SHA-256, a space, the JSON; the first one describes the chain. A torn last
 * line (kill -9, power) is cut off: it is not yet final. A bad line with good ones after it is damage and refused.
 */
import { createHash } from 'node:crypto'
import { closeSync, fdatasyncSync, ftruncateSync, openSync, readFileSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { HexString } from '@polkadot/util/types'
import { ExitError } from '../cli/exit.ts'
import type { Genesis } from './accounts.ts'
import type { Changes } from './state.ts'

/** What is kept of a block; the 1.3 MB runtime is in `changes` only where a block replaces it. */
export interface StoredBlock {
  readonly number: number
  readonly hash: HexString
  readonly parentHash: HexString
  /** SCALE. */
  readonly header: HexString
  readonly extrinsics: HexString[]
  readonly changes: Changes
}

interface Line {
  readonly offset: number
  readonly bytes: number
}

const CHECK_DIGITS = 16
const NEWLINE = 10

export class BlockStore {
  readonly genesis: Genesis
  /** The blocks found on opening, in order. */
  readonly loaded: readonly StoredBlock[]
  /** Bytes of a torn last line that opening cut off. */
  readonly cutBytes: number
  readonly #fd: number
  readonly #lines: Line[] = []
  readonly #numbers = new Map<string, number>()
  #end = 0

  /** Opens the blocks in `directory`, or begins them with `fresh()`. Throws an {@link ExitError} 'data' where they are damaged. */
  constructor(directory: string, fresh: () => Genesis) {
    const file = join(directory, 'blocks.jsonl')
    this.#fd = openSync(file, 'a+')
    const content = readFileSync(file)
    const lines = linesOf(content)
    const values = lines.map(line => parseLine(content.subarray(line.offset, line.offset + line.bytes)))
    const good = values.at(-1) === undefined ? values.slice(0, -1) : values
    const bad = good.findIndex((value, index) => !fits(value, index, good[index - 1]))
    if (bad >= 0) throw damaged(directory, file, bad + 1)
    this.loaded = good.slice(1).filter(isBlock)
    const head = good[0]
    this.genesis = isGenesis(head) ? head : fresh()
    for (const [index, block] of this.loaded.entries()) this.#remember(block, lines[index + 1]!)
    const last = lines[good.length - 1]
    this.#end = last === undefined ? 0 : last.offset + last.bytes + 1
    this.cutBytes = content.length - this.#end
    if (this.cutBytes > 0) ftruncateSync(this.#fd, this.#end)
    if (this.#end === 0) this.#write(this.genesis)
  }

  /** Height of the newest block, 0 for none. */
  get height(): number {
    return this.#lines.length
  }

  /** Appends the next block and waits for the disk. */
  append(block: StoredBlock): void {
    if (block.number !== this.height + 1) throw new Error(`block ${block.number} after ${this.height}`)
    this.#remember(block, this.#write(block))
  }

  numberOf(hash: string): number | undefined {
    return this.#numbers.get(hash)
  }

  read(number: number): StoredBlock | undefined {
    const line = this.#lines[number - 1]
    if (line === undefined) return undefined
    const bytes = Buffer.allocUnsafe(line.bytes)
    readSync(this.#fd, bytes, 0, line.bytes, line.offset)
    const block = parseLine(bytes)
    if (!isBlock(block)) throw new Error(`block ${number} cannot be read back from the disk`)
    return block
  }

  close(): void {
    closeSync(this.#fd)
  }

  #remember(block: StoredBlock, line: Line): void {
    this.#lines.push(line)
    this.#numbers.set(block.hash, block.number)
  }

  #write(value: StoredBlock | Genesis): Line {
    const json = JSON.stringify(value)
    const bytes = Buffer.from(`${check(Buffer.from(json))} ${json}\n`)
    writeSync(this.#fd, bytes)
    fdatasyncSync(this.#fd)
    const line = { offset: this.#end, bytes: bytes.length - 1 }
    this.#end += bytes.length
    return line
  }
}

function check(json: Uint8Array): string {
  return createHash('sha256').update(json).digest('hex').slice(0, CHECK_DIGITS)
}

/** A last line without its newline is torn: it counts as empty, so its checksum fails. */
function linesOf(content: Buffer): Line[] {
  const lines: Line[] = []
  for (let offset = 0; offset < content.length; ) {
    const newline = content.indexOf(NEWLINE, offset)
    lines.push({ offset, bytes: newline < 0 ? 0 : newline - offset })
    offset = newline < 0 ? content.length : newline + 1
  }
  return lines
}

/** The line's JSON, or undefined where its checksum does not hold. */
function parseLine(line: Buffer): unknown {
  const json = line.subarray(CHECK_DIGITS + 1)
  if (json.length === 0 || line.subarray(0, CHECK_DIGITS).toString('latin1') !== check(json)) return undefined
  return JSON.parse(json.toString())
}

function fits(value: unknown, index: number, previous: unknown): boolean {
  if (index === 0) return isGenesis(value)
  if (!isBlock(value) || value.number !== index) return false
  return !isBlock(previous) || value.parentHash === previous.hash
}

function isBlock(value: unknown): value is StoredBlock {
  return typeof value === 'object' && value !== null && 'parentHash' in value && 'changes' in value
}

function isGenesis(value: unknown): value is Genesis {
  return typeof value === 'object' && value !== null && 'salt' in value && 'accounts' in value
}

function damaged(directory: string, file: string, line: number): ExitError {
  return new ExitError(
    'data',
    `the chain's data are damaged: line ${line} of ${file} does not hold`,
    `restore ${directory} from a copy, or start a new chain with another --data folder`,
  )
}
