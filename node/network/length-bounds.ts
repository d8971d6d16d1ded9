/**
 * Ends the reading of a length that has no end. libp2p reads the length before each message a byte at a time, tries anew with each, and looks
 * at its own bound only once a length came out (`lpStream`, 7.4.1): a mebibyte of 0x80, from anybody who opens a connection, before a handshake
 * even, kept a peer from all else for half a minute and more. There is no way in but the list in which it gathers those bytes.
 */
import { Uint8ArrayList } from 'uint8arraylist'

/** A length is at most 8 bytes; what is gathered in single bytes beyond that, each of which says that more come, is none. */
export const LENGTH_MAX_BYTES = 16
const CONTINUES = 0x80

let isDone = false

/** For the whole process: no other list is made of so many single bytes alone, all above 0x7f. */
export function boundLengths(): void {
  if (isDone) return
  isDone = true
  const lists: Pick<Uint8ArrayList, 'append'> = Uint8ArrayList.prototype
  const { append } = lists
  lists.append = function (this: Uint8ArrayList, ...parts) {
    append.apply(this, parts)
    if (this.byteLength === LENGTH_MAX_BYTES && isEndless(this)) throw new Error('a length without an end')
  }
}

function isEndless(list: Uint8ArrayList): boolean {
  for (const part of list) if (part.byteLength !== 1 || part[0]! < CONTINUES) return false
  return true
}
