/**
 * Two machines with one key, found out by certificates: what this peer's key signed there, and its journal lacks, another
 * machine signed. Then this one signs nothing as long as the other takes part (round.md, "Signing").
 */
import type { Group } from '../../consensus/election/index.ts'
import type { VerifiedCertificate } from '../../protocols/wire/certificate.ts'
import type { Random } from '../../protocols/wire/environment.ts'
import type { Commit, Outcome, PeerName, Signed } from '../../protocols/wire/messages.ts'
import type { Place, SigningJournal } from '../journal/index.ts'
import type { Reporter } from './reporter.ts'
import { type Presence, tookPart } from './took-part.ts'

/**
 * Certificates in a row without this key that a peer waits for after it found another machine: drawn, at most this many.
 * Where both have found each other, both stop at the same round; with one number they would also come back at the same one.
 */
export const ROUNDS_AWAY_MAX = 8

/** What a verified certificate holds of signatures that a journal knows. */
export type SignedParts = Pick<VerifiedCertificate, 'outcomes' | 'commits'>

/** A signature of this peer's key that its journal should have, and lacks; null where there is none. */
export function signedElsewhere(
  { outcomes, commits }: SignedParts,
  journal: Pick<SigningJournal, 'lacks'>,
): Signed<Outcome | Commit> | null {
  return [...outcomes, ...commits].find(signed => journal.lacks(signed)) ?? null
}

export interface KeyWatchInit {
  readonly self: PeerName
  readonly journal: Pick<SigningJournal, 'lacks' | 'suspended' | 'suspend' | 'resume'>
  readonly random: Random
  readonly reporter: Pick<Reporter, 'suspended' | 'resumed'>
}

export class KeyWatch {
  readonly #init: KeyWatchInit
  /** Null before it began. */
  #from: number | null = null
  /** Certificates in a row that were made without this key while nothing was signed here. */
  #away = 0
  /** How many it takes; null where it is not drawn yet. */
  #awayNeeded: number | null = null

  constructor(init: KeyWatchInit) {
    this.#init = init
  }

  /**
   * This process is there from now on: what the key signs in later rounds is in its journal, or another machine's. What was
   * signed earlier, and a disk that was lost may lack, is asked for at the start (`stale.ts`).
   * @param round - last round that it found certified at its start
   */
  begin(round: number): void {
    this.#from = round + 1
  }

  /** A certificate of the own stage came here, however late; to be told before a later round is closed in the journal. */
  async learned(certificate: SignedParts & Pick<VerifiedCertificate, 'value'>): Promise<void> {
    const { journal, reporter } = this.#init
    if (this.#from === null || certificate.value.scope.round < this.#from || journal.suspended !== null) return
    if (signedElsewhere(certificate, journal) === null) return
    this.#away = 0
    this.#awayNeeded = null
    await journal.suspend('second-machine')
    reporter.suspended('second-machine')
  }

  /**
   * A round ended here. Where it was made without this key, what is signed from the next one on cannot contradict what was
   * forgotten, or what another machine signed.
   * @param group - of the round's epoch and stage
   * @param next - the round after it
   */
  async ended(certificate: Presence, group: Pick<Group, 'seats' | 'faults'> | null, next: Place): Promise<void> {
    const { self, journal, random, reporter } = this.#init
    if (journal.suspended === null) return
    if (tookPart(certificate, group, self)) {
      this.#away = 0
      return
    }
    this.#away++
    this.#awayNeeded ??= journal.suspended === 'second-machine' ? 1 + Math.floor(random() * ROUNDS_AWAY_MAX) : 1
    if (this.#away < this.#awayNeeded) return
    this.#away = 0
    this.#awayNeeded = null
    await journal.resume(next)
    reporter.resumed(next.round)
  }
}
