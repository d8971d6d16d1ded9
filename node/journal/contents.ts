/** What the signing journal knows, in memory: a fold over its entries. No I/O. */
import { equalBytes } from '../../protocols/wire/hash.ts'
import type { PeerName, Signed } from '../../protocols/wire/messages.ts'
import { MAX_FLOORS } from './constants.ts'
import type { Entry, FloorEntry, Place, RecordEntry, SignedEntry, StaleReason } from './entries.ts'
import { contentOf, isJournaled, placeOf, slotName } from './slots.ts'

/** A slot that was signed, or is being signed right now. */
export interface Slot {
  readonly place: Place
  readonly content: Uint8Array
  /** Resolves once the envelope is on the disk. */
  readonly envelope: Promise<Uint8Array>
  /** The entry, once it was handed to the writer. */
  entry: SignedEntry | null
}

export class Contents {
  readonly slots = new Map<string, Slot>()
  readonly #records = new Map<string, RecordEntry>()
  /** A run and stage's floors; none is implied by another. */
  readonly #floors = new Map<string, FloorEntry[]>()
  suspended: StaleReason | null = null
  owner: PeerName | null = null

  apply(entry: Entry): void {
    if (entry.entry === 'owner') this.owner = entry.signer
    else if (entry.entry === 'suspended') this.suspended = entry.reason
    else if (entry.entry === 'floor') this.#raise(entry)
    else if (entry.entry === 'record') this.#records.set(recordKey(entry), entry)
    else {
      const { slot, content, envelope } = entry
      this.slots.set(slot, { place: entry, content, envelope: Promise.resolve(envelope), entry })
    }
  }

  records(): RecordEntry[] {
    return [...this.#records.values()]
  }

  /** True where nothing may be signed or remembered any more. */
  isClosed(place: Place): boolean {
    return isBelow(place, this.#floors.get(stageKey(place)) ?? [])
  }

  /**
   * What becomes of a wish to sign: 'take' the slot, give the same envelope 'again', or a refusal. The one rule that keeps an
   * honest peer from contradicting itself.
   */
  weigh(place: Place, slot: string, content: Uint8Array): 'take' | 'again' | 'contradiction' | 'suspended' | 'closed' {
    const held = this.slots.get(slot)
    if (held !== undefined) return equalBytes(content, held.content) ? 'again' : 'contradiction'
    if (this.suspended !== null) return 'suspended'
    return this.isClosed(place) ? 'closed' : 'take'
  }

  /** Why this journal may not know all that the peer signed, by what the chain shows; null where nothing speaks against it. */
  staleness(run: string, stage: number, lastFinalRound: number | null): StaleReason | null {
    if (this.suspended !== null) return this.suspended
    const newest = this.newestRound(run, stage)
    return lastFinalRound !== null && (newest === null || newest < lastFinalRound) ? 'behind-anchor' : null
  }

  /** Is this a signature of the owner that should be here, and is not? */
  isUnknown({ payload, envelope }: Signed): boolean {
    if (!isJournaled(payload) || this.isClosed(placeOf(payload))) return false
    const held = this.slots.get(slotName(payload))
    if (held === undefined) return true
    // The very envelope that was made here says what was signed here: nothing to encode and hash.
    if (held.entry !== null && equalBytes(held.entry.envelope, envelope)) return false
    return !equalBytes(held.content, contentOf(payload))
  }

  /** The newest round of a stage that this journal has signed in or closed; null where it knows none. */
  newestRound(run: string, stage: number): number | null {
    const key = stageKey({ run, stage })
    const rounds = [...this.slots.values()].filter(slot => stageKey(slot.place) === key).map(slot => slot.place.round)
    for (const floor of this.#floors.get(key) ?? []) rounds.push(floor.round)
    return rounds.length === 0 ? null : Math.max(...rounds)
  }

  /** Everything that a rewritten file must hold. */
  live(): Entry[] {
    const signed = [...this.slots.values()].flatMap(slot => (slot.entry === null ? [] : [slot.entry]))
    const owner: Entry[] = this.owner === null ? [] : [{ entry: 'owner', version: 1, signer: this.owner }]
    const suspended: Entry = { entry: 'suspended', reason: this.suspended }
    return [...owner, suspended, ...[...this.#floors.values()].flat(), ...signed, ...this.#records.values()]
  }

  #raise(floor: FloorEntry): void {
    const key = stageKey(floor)
    const implied = (one: FloorEntry, by: FloorEntry): boolean => one.epoch <= by.epoch && one.round <= by.round
    const others = (this.#floors.get(key) ?? []).filter(other => !implied(other, floor))
    if (!others.some(other => implied(floor, other))) others.push(floor)
    others.sort((a, b) => a.epoch - b.epoch)
    // Beyond the limit the oldest boundary is merged into the next: that closes more, never less.
    while (others.length > MAX_FLOORS) {
      const [oldest, next] = others
      others.splice(0, 2, { ...next!, round: Math.max(oldest!.round, next!.round) })
    }
    this.#floors.set(key, others)
    const isClosed = (place: Place): boolean =>
      place.run === floor.run && place.stage === floor.stage && isBelow(place, others)
    for (const [name, { place }] of this.slots) if (isClosed(place)) this.slots.delete(name)
    for (const [name, record] of this.#records) if (isClosed(record)) this.#records.delete(name)
  }
}

function isBelow({ epoch, round }: Place, floors: readonly FloorEntry[]): boolean {
  for (const floor of floors) if (epoch <= floor.epoch && round < floor.round) return true
  return false
}

function stageKey(place: { run: string; stage: number }): string {
  return `${place.run}/${place.stage}`
}

function recordKey(record: RecordEntry): string {
  return `${stageKey(record)}/${record.epoch}/${record.round}/${record.name}`
}
