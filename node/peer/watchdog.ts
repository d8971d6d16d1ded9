/**
 * Backstop of gossip: a round that lasts is a reason to ask whether others are further. What they say is believed only with
 * a certificate that checks out.
 */
import type { RoundState } from '../../consensus/round/types.ts'
import type { State } from '../../protocols/state/index.ts'
import { decodeCertificate, type VerifiedCertificate } from '../../protocols/wire/certificate.ts'
import type { Clock } from '../../protocols/wire/environment.ts'
import type { Certificate, PeerName } from '../../protocols/wire/messages.ts'
import { isRefusal, type Refusal } from '../../protocols/wire/refusals.ts'
import type { CertificateBook } from './certificate-book.ts'
import { delay } from './delay.ts'

/** Between two looks. */
const INTERVAL_MS = 4_000
/** Peers of a stage that are asked in one look; the next look asks others. */
const ASKED = 3

export interface WatchdogInit {
  readonly clock: Clock
  readonly stage: number
  readonly stages: number
  readonly state: State
  readonly book: CertificateBook
  /** Peers of a stage that are connected, but this one. */
  readonly connected: (stage: number) => readonly PeerName[]
  /** The round in progress. */
  readonly round: () => number
  /** A certificate of the round in progress; `isFar`: they claim to be further still. */
  readonly onMissed: (certificate: Certificate, isFar: boolean) => void
  readonly onWarning: (message: string) => void
}

/** The round in progress, or the next to be opened, which has no state yet. */
export interface InProgress {
  readonly round: number
  readonly state: Pick<RoundState, 'decided' | 'execution' | 'certificate' | 'reduceLevel'> | null
}

/** Time-outs of a certified round after which what it lacks is fetched otherwise: all that it asks have been asked by then. */
const VAIN_TIMEOUTS = 3

/**
 * Is a missed certificate to be caught up with, instead of being handed to its round? A round of which no decision has come here
 * has nothing under way, and would wait for candidates that have long gone on; one that lacks aggregates for long may do so because
 * whoever computed them was restarted, and has them on its disk alone. One that has ended meanwhile is none of it.
 */
export function isOvertaken({ round, state }: InProgress, missed: number, isFar: boolean): boolean {
  if (missed !== round) return false
  if (isFar || state === null || (state.decided === null && state.execution === null)) return true
  return state.certificate !== null && state.execution?.asked === false && state.reduceLevel >= VAIN_TIMEOUTS
}

/** In turn: whoever is further is found within as many looks as it takes to ask all, and nobody is asked all the time. */
export function askedIn<Peer>(look: number, siblings: readonly Peer[], asked: number): readonly Peer[] {
  const first = siblings.length === 0 ? 0 : (look * asked) % siblings.length
  return [...siblings.slice(first), ...siblings.slice(0, first)].slice(0, asked)
}

/** What is known of the other stages. */
export interface KnownStages extends Pick<CertificateBook, 'newest'> {
  /** How many of them have certified this round, where somebody has counted. */
  readonly countReached?: (round: number) => number
}

/**
 * Stages to ask how far they are: all that are not known to have certified the round before, which this one waits for; and one,
 * in turn, that is not known to have certified this one. Most are still in it themselves, but one that has left it while this
 * peer was away ends it (other-stages.ts), and nobody says so twice.
 */
export function askedOthers(
  look: number,
  round: number,
  { stage: own, stages }: Pick<WatchdogInit, 'stage' | 'stages'>,
  book: KnownStages,
): readonly number[] {
  const { late, abreast } = countOthers(round, own, stages, book)
  // There may be hundreds of stages, and everybody looks every few seconds: the one whose turn it is is counted out, not listed.
  for (let stage = 0, left = look % abreast; stage < stages && abreast > 0; stage++) {
    if (stage !== own && book.newest(stage) === round - 1 && left-- === 0) return [...late, stage]
  }
  return late
}

/** Which stages have not certified the round before, and how many have certified that one and not this. */
function countOthers(
  round: number,
  own: number,
  stages: number,
  book: KnownStages,
): { readonly late: readonly number[]; readonly abreast: number } {
  const others = stages - 1
  if (book.countReached?.(round - 1) === others) return { late: [], abreast: others - book.countReached(round) }
  const late: number[] = []
  let abreast = 0
  for (let stage = 0; stage < stages; stage++) {
    if (stage === own) continue
    const newest = book.newest(stage)
    if (newest < round - 1) late.push(stage)
    else if (newest === round - 1) abreast++
  }
  return { late, abreast }
}

export class Watchdog {
  readonly #init: WatchdogInit
  #looks = 0

  constructor(init: WatchdogInit) {
    this.#init = init
  }

  /** Looks on until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    let last = -1
    while (!signal.aborted) {
      await delay(this.#init.clock, INTERVAL_MS, signal).catch(() => undefined)
      if (signal.aborted) return
      const round = this.#init.round()
      if (round === last) await this.#look(round, signal)
      last = round
    }
  }

  async #look(round: number, signal: AbortSignal): Promise<void> {
    const { book, onWarning } = this.#init
    const look = this.#looks++
    try {
      await this.#askSiblings(round, look, signal)
      for (const other of askedOthers(look, round, this.#init, book)) await this.#fill(other, look, signal)
    } catch (error) {
      if (!signal.aborted) onWarning(`asking others how far they are: ${String(error)}`)
    }
  }

  async #askSiblings(round: number, look: number, signal: AbortSignal): Promise<void> {
    const { state, stage, connected, onMissed } = this.#init
    for (const peer of askedIn(look, connected(stage), ASKED)) {
      const status = await state.status(peer, { signal })
      if (isRefusal(status) || status.round < round) continue
      const certificates = await this.#fetch([peer], stage, round, round, signal)
      const found = certificates.find(one => one.value.scope.round === round)
      if (found === undefined) continue
      onMissed(found, status.round > round)
      return
    }
  }

  /** Certificates of another stage that gossip did not bring. */
  async #fill(stage: number, look: number, signal: AbortSignal): Promise<void> {
    const { book, connected, round } = this.#init
    await this.#fetch(askedIn(look, connected(stage), ASKED), stage, book.newest(stage) + 1, round(), signal)
  }

  async #fetch(
    peers: readonly PeerName[],
    stage: number,
    from: number,
    to: number,
    signal: AbortSignal,
  ): Promise<readonly Certificate[]> {
    const { state, book, stage: own } = this.#init
    const found: Certificate[] = []
    const check = async (page: readonly Uint8Array[]): Promise<Refusal | null> => {
      for (const encoded of page) {
        const certificate = decodeCertificate(encoded)
        if (isRefusal(certificate)) return certificate
        const verified: VerifiedCertificate | Refusal = await book.verify(certificate)
        if (isRefusal(verified)) return verified
        if (stage !== own) await book.take(certificate, encoded)
        found.push(certificate)
      }
      return null
    }
    if (peers.length > 0) await state.certificates(peers, { stage, from, to }, check, { signal })
    return found
  }
}
