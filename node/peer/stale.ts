/** A journal that does not know all that the peer signed must not sign (round.md, "Signing"). */
import type { Recovery } from '../../consensus/recovery/index.ts'
import type { Agreement } from '../../protocols/agreement/index.ts'
import { open } from '../../protocols/wire/envelope.ts'
import type { Clock } from '../../protocols/wire/environment.ts'
import type { PeerName, Signed } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import type { SigningJournal } from '../journal/index.ts'

/** For siblings to show what they hold; one that hangs must not hold up the start. */
export const SHOW_MS = 3_000

export interface StaleInit {
  readonly run: string
  readonly stage: number
  /** Newest round of the stage that is anchored; of a re-formed stage, since then. */
  readonly lastFinalRound: number | null
  /** How the stage was re-formed last; null where it never was. */
  readonly reformed: Pick<Recovery, 'epoch' | 'resume'> | null
  readonly journal: SigningJournal
  readonly agreement: Pick<Agreement, 'requestSignatures'>
  /** Those that are connected. */
  readonly siblings: readonly PeerName[]
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Returns why the peer only follows for now; null where it may sign. */
export async function suspendIfStale(init: StaleInit): Promise<string | null> {
  const { run, stage, lastFinalRound, journal, reformed } = init
  const shown = await shownBySiblings(init)
  // Nobody has signed anything in the epoch that re-formed the stage but what siblings show: it can begin to sign there.
  const isFresh = reformed !== null && lastFinalRound === null && shown.length === 0
  if (isFresh && journal.suspended === 'behind-anchor')
    await journal.resume({ run, stage, epoch: reformed.epoch, round: reformed.resume })
  const reason = journal.isStale({ run, stage, lastFinalRound, shown })
  if (reason !== null && journal.suspended === null) await journal.suspend(reason)
  return reason
}

/** What siblings hold of this peer's signatures of the rounds in progress. One that holds back shows no less than nothing. */
async function shownBySiblings({ agreement, siblings, clock, signal }: StaleInit): Promise<readonly Signed[]> {
  const patience = new AbortController()
  const cancel = clock.after(SHOW_MS, () => patience.abort(new Error(`not shown within ${SHOW_MS} ms`)))
  try {
    const options = { signal: AbortSignal.any([signal, patience.signal]) }
    const shown = await Promise.all(siblings.map(peer => agreement.requestSignatures(peer, options)))
    signal.throwIfAborted()
    const opened = await Promise.all(shown.flatMap(list => (isRefusal(list) ? [] : list)).map(one => open(one)))
    return opened.flatMap(signed => (isRefusal(signed) ? [] : [signed]))
  } finally {
    cancel()
  }
}
