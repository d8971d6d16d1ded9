/**
 * Reads DAG-CBOR that is canonical beyond doubt, in one walk: shortest heads up to 32 bits, ASCII text, ordered text keys, true,
 * false and null, which is all that headers and messages hold. Of all else it says so, and the library decides (`cbor.ts`), at
 * three times the cost. The counterpart of `canonical.ts`.
 */

/** Stands for bytes that the library has to look at. */
export const NOT_PLAIN = Symbol('not plain')

let bytes: Uint8Array = new Uint8Array(0)
let at = 0

/** The value, or {@link NOT_PLAIN}; never throws. */
export function readPlain(from: Uint8Array, maxDepth: number): unknown {
  bytes = from
  at = 0
  const value = read(maxDepth)
  const isWhole = at === bytes.byteLength
  bytes = NOTHING
  return isWhole ? value : NOT_PLAIN
}

const NOTHING = new Uint8Array(0)

/** Where a head was not plain. */
const NO_ARGUMENT = -1

const UNSIGNED = 0
const NEGATIVE = 1
const BYTES = 2
const TEXT = 3
const ARRAY = 4
const MAP = 5
const FALSE = 0xf4
const TRUE = 0xf5
const NULL = 0xf6

/** Past the end all reads as zero; `at` is beyond the bytes then, and the value is not whole. */
function read(depth: number): unknown {
  const first = bytes[at]!
  switch (first >> 5) {
    case UNSIGNED: {
      const argument = readArgument()
      return argument === NO_ARGUMENT ? NOT_PLAIN : argument
    }
    case NEGATIVE: {
      const argument = readArgument()
      return argument === NO_ARGUMENT ? NOT_PLAIN : -1 - argument
    }
    case BYTES: {
      const length = readArgument()
      if (length === NO_ARGUMENT || length > bytes.byteLength - at) return NOT_PLAIN
      at += length
      return bytes.slice(at - length, at)
    }
    case TEXT:
      return readText()
    case ARRAY:
      return depth === 0 ? NOT_PLAIN : readArray(depth - 1)
    case MAP:
      return depth === 0 ? NOT_PLAIN : readMap(depth - 1)
    default:
      at++
      if (first === NULL) return null
      return first === TRUE || first === FALSE ? first === TRUE : NOT_PLAIN
  }
}

/** The argument of the head, in its shortest form. */
function readArgument(): number {
  const information = bytes[at++]! & 31
  if (information < 24) return information
  if (information === 24) {
    const argument = bytes[at++]!
    return argument >= 24 ? argument : NO_ARGUMENT
  }
  if (information === 25) {
    const argument = bytes[at]! * 0x100 + bytes[at + 1]!
    at += 2
    return argument > 0xff ? argument : NO_ARGUMENT
  }
  if (information === 26) {
    const argument = bytes[at]! * 0x100_0000 + bytes[at + 1]! * 0x1_0000 + bytes[at + 2]! * 0x100 + bytes[at + 3]!
    at += 4
    return argument > 0xffff ? argument : NO_ARGUMENT
  }
  return NO_ARGUMENT
}

function readArray(depth: number): unknown {
  const length = readArgument()
  if (length === NO_ARGUMENT || length > bytes.byteLength - at) return NOT_PLAIN
  const items: unknown[] = []
  for (let index = 0; index < length; index++) {
    const item = read(depth)
    if (item === NOT_PLAIN) return NOT_PLAIN
    items.push(item)
  }
  return items
}

function readMap(depth: number): unknown {
  const length = readArgument()
  if (length === NO_ARGUMENT || length > bytes.byteLength - at) return NOT_PLAIN
  const map: Record<string, unknown> = {}
  let before = ''
  for (let index = 0; index < length; index++) {
    if (bytes[at]! >> 5 !== TEXT) return NOT_PLAIN
    const key = readText()
    // A prototype is no property; the library has its own way with it.
    if (typeof key !== 'string' || key === '__proto__') return NOT_PLAIN
    if (index > 0 && !isOrdered(before, key)) return NOT_PLAIN
    before = key
    const value = read(depth)
    if (value === NOT_PLAIN) return NOT_PLAIN
    map[key] = value
  }
  return map
}

/** Shorter keys first, those of one length by their bytes; none twice. */
function isOrdered(a: string, b: string): boolean {
  return a.length === b.length ? a < b : a.length < b.length
}

function readText(): string | typeof NOT_PLAIN {
  const length = readArgument()
  if (length === NO_ARGUMENT || length > bytes.byteLength - at) return NOT_PLAIN
  const start = at
  at += length
  let mixed = length
  for (let index = start; index < at; index++) {
    const byte = bytes[index]!
    if (byte >= 0x80) return NOT_PLAIN
    mixed = (mixed * 31 + byte) | 0
  }
  if (length > REMEMBERED_LENGTH) return ASCII.decode(bytes.subarray(start, at))
  const place = mixed & (REMEMBERED_TEXTS - 1)
  const known = remembered[place]
  if (known !== undefined && isText(known, start, length)) return known
  let text = ''
  for (let index = start; index < at; index++) text += String.fromCharCode(bytes[index]!)
  remembered[place] = text
  return text
}

/** Texts that were read last: keys, kinds and names of peers come again and again. */
const remembered: (string | undefined)[] = new Array(1024).fill(undefined)
const REMEMBERED_TEXTS = remembered.length
const REMEMBERED_LENGTH = 64

function isText(text: string, start: number, length: number): boolean {
  if (text.length !== length) return false
  for (let index = 0; index < length; index++) if (text.charCodeAt(index) !== bytes[start + index]) return false
  return true
}

const ASCII = new TextDecoder()
