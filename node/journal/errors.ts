import type { Refusal } from '../../protocols/wire/refusals.ts'

/** A stored file does not hold what was flushed to it. The program ends with exit code 73 (`EXIT.data`). */
export class JournalDamaged extends Error {
  override readonly name = 'JournalDamaged'
  readonly file: string
  /** Byte offset of the first record that cannot be read. */
  readonly offset: number

  constructor(file: string, offset: number, detail: string) {
    super(`${file} is damaged at byte ${offset}: ${detail}`)
    this.file = file
    this.offset = offset
  }
}

/**
 * Why the journal did not sign: `contradiction` (other bytes were signed in this slot), `stale-round` (the round is below
 * the floor), `not-allowed` (the journal is suspended) or `overloaded` (a limit is reached).
 */
export interface JournalConflict extends Refusal {
  readonly refused: 'contradiction' | 'stale-round' | 'not-allowed' | 'overloaded'
  readonly slot: string
  /** What was signed in the slot before; null unless `contradiction`. */
  readonly envelope: Uint8Array | null
}
