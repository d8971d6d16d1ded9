/** Tells on the chain what this peer measured of the speeds in its lane (consensus/routing, "Lanes of like speeds"). */
import { ChainUnavailable } from '../../consensus/chain/errors.ts'
import type { Chain } from '../../consensus/chain/types.ts'
import { reportHeight } from '../../consensus/election/index.ts'
import { encodeSpeeds, type Pace, toTell } from '../../consensus/routing/index.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import type { Run } from '../run/folder.ts'
import type { Membership } from './membership.ts'

export interface SpeedsPosterInit {
  readonly chain: Pick<Chain, 'postRecord'>
  readonly run: Run
  readonly stage: number
  readonly self: PeerName
  readonly membership: Pick<Membership, 'epochOf' | 'known' | 'speeds'>
  readonly pace: () => Pace
  readonly isTakingPart: () => boolean
  readonly signal: AbortSignal
  readonly onWarning: (message: string) => void
}

export class SpeedsPoster {
  readonly #init: SpeedsPosterInit
  /** Newest epoch of which was told. */
  #toldEpoch = -1
  #isPosting = false

  constructor(init: SpeedsPosterInit) {
    this.#init = init
  }

  /** A head is final: once an epoch, late in it, where there is something new to tell. */
  at(height: number): void {
    const { run, stage, self, membership, pace, signal, isTakingPart } = this.#init
    const { measures } = pace()
    const { epoch } = measures
    const now = membership.epochOf(height)
    if (this.#isPosting || signal.aborted || !isTakingPart()) return
    // A stage that is a little behind still measures in the lanes of the epoch before.
    if (epoch > now || epoch < now - 1 || epoch <= this.#toldEpoch) return
    if (height < reportHeight(run.manifest.chain, now)) return
    const lanes = membership.known(epoch)?.lanes
    const speeds = membership.speeds(now)
    if (lanes === undefined || speeds === null) return
    const times = toTell(measures, speeds, lanes, stage, self)
    if (times !== null) void this.#post(epoch, encodeSpeeds(run.id, { epoch, times }))
  }

  /** Where the chain is away the next head tries again, as long as it is in time; what it refused once it would refuse again. */
  async #post(epoch: number, record: Uint8Array): Promise<void> {
    const { chain, run, signal, onWarning } = this.#init
    this.#isPosting = true
    try {
      await chain.postRecord(run.id, record, { signal })
      this.#toldEpoch = epoch
    } catch (error) {
      if (signal.aborted || error instanceof ChainUnavailable) return
      this.#toldEpoch = epoch
      onWarning(`the speeds of epoch ${epoch} were not posted: ${error instanceof Error ? error.message : error}`)
    } finally {
      this.#isPosting = false
    }
  }
}
