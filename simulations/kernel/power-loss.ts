/**
 * What a loss of power leaves of a file: all that was flushed, and of the rest whatever had come to the disk. A file's length and
 * its content come there at different times, so bytes that never did are missing or read as zeros (ext4 and XFS: delayed allocation).
 */
import type { RandomStream } from './random.ts'

/** @param flushed - so many of the bytes are there for certain */
export function afterPowerLoss(bytes: Uint8Array, flushed: number, random: RandomStream): Uint8Array {
  const loose = bytes.length - flushed
  if (loose <= 0) return bytes
  const came = flushed + random.below(loose)
  switch (random.below(4)) {
    case 0:
      return bytes
    case 1:
      return bytes.slice(0, flushed)
    case 2:
      return bytes.slice(0, came)
    default:
      return bytes.slice().fill(0, came)
  }
}
