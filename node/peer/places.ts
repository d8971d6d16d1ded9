/** Where a peer belongs now: in a stage, with a seat or before one; else it waits for a stage that needs it. */
import type { Chain } from '../../consensus/chain/types.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { ExitError } from '../cli/exit.ts'
import { cutModel, dealHands, stageBytes } from '../engine/partition/index.ts'
import type { EventBus } from '../events/bus.ts'
import type { Run } from '../run/folder.ts'
import type { PeerDisk } from './disk.ts'
import type { Membership } from './membership.ts'
import { placeNow } from './place.ts'
import { RoundBell } from './round-bell.ts'

const MIB = 1024 * 1024

export interface PlacesInit {
  readonly run: Run
  readonly self: PeerName
  readonly membership: Membership
  readonly chain: Pick<Chain, 'finalizedHead'>
  readonly disk: Pick<PeerDisk, 'request' | 'clearRequest'>
  readonly bus: EventBus
  /** What this machine gives to a stage; null: whatever it takes. */
  readonly memoryBytes: number | null
  /** That compute a stage. */
  readonly threads: number
}

export class Places {
  readonly #init: PlacesInit
  readonly #bell = new RoundBell()
  /** It had a place in this process. */
  #hadPlace = false
  #isFirst = true
  #bondSeenIn = -1
  /** Stages that it has said it cannot hold. */
  readonly #tooLarge = new Set<number>()

  constructor(init: PlacesInit) {
    this.#init = init
  }

  /** A head is final, and the epochs that it shows are read. */
  at(_height: number): void {
    this.#bell.ring()
  }

  /**
   * The stage to hold or to follow, as soon as there is one; null where the peer has given its seat up.
   * @param onWait - called when there is none yet, each time that it was looked for in vain
   * @throws ExitError without a bond
   */
  async next(signal: AbortSignal, onWait: () => void = () => undefined): Promise<number | null> {
    const { membership, chain, self, disk } = this.#init
    for (;;) {
      const changed = this.#bell.wait(signal)
      // Its end is seen below, or by nobody.
      changed.catch(() => undefined)
      const { height } = await chain.finalizedHead({ signal })
      await membership.foresee(height, signal)
      const place = placeNow(membership, self)
      const hasLeft = place.role !== 'seat' && disk.request() === 'leave'
      if (hasLeft) disk.clearRequest()
      // What an earlier process was asked for is done: this one was started since.
      if (hasLeft && !this.#isFirst) return null
      this.#isFirst = false
      if (place.role === 'none') await this.#mayWait(height, signal)
      if ((place.role === 'seat' || place.role === 'candidate') && this.fits(place.stage)) {
        this.#hadPlace = true
        return place.stage
      }
      onWait()
      await changed
    }
  }

  /** A bond that does not count yet is worth waiting for. Looked at once an epoch. */
  async #mayWait(height: number, signal: AbortSignal): Promise<void> {
    const { membership, self, run } = this.#init
    if (membership.newest.barred.has(self)) throw barred(run, self)
    const epoch = membership.epochOf(height)
    if (epoch === this.#bondSeenIn) return
    const bonds = await membership.bondsAt(height, signal)
    if (!bonds.some(({ peer }) => peer === self)) throw unbonded(run, self, height, this.#hadPlace)
    this.#bondSeenIn = epoch
  }

  /** @param held - a stage that it holds meanwhile */
  fits(stage: number, held: number | null = null): boolean {
    const { memoryBytes, bus } = this.#init
    if (memoryBytes === null) return true
    const bytes = this.#bytesOf(stage) + (held === null ? 0 : this.#bytesOf(held))
    if (bytes <= memoryBytes) return true
    if (this.#tooLarge.has(stage)) return false
    this.#tooLarge.add(stage)
    const [needs, has] = [bytes, memoryBytes].map(count => Math.ceil(count / MIB))
    bus.emit('warning', {
      message: `stage ${stage} needs about ${needs} MiB${held === null ? '' : ` beside stage ${held}`} and this peer gives ${has}: it ${held === null ? 'waits for another stage' : 'stays'} (--memory-mib)`,
    })
    return false
  }

  /** Its hands take what is left, so a stage that fits with one thread fits with several. */
  #bytesOf(stage: number): number {
    const { run, memoryBytes, threads } = this.#init
    const { model, stages, batch } = run.manifest
    const { sequences } = batch
    const cut = cutModel(model, stages, sequences)[stage]
    if (cut === undefined) return 0
    return stageBytes(model, cut, sequences) + dealHands({ model, cut, sequences, threads, memoryBytes }).bytes
  }
}

function barred({ id }: Run, self: PeerName): ExitError {
  return new ExitError(
    'refused',
    `peer ${self} gave its seat up or was proven to lie: it gets none in run ${id} while its bond stands`,
    'swarm-node join with another --data folder, whose peer has a bond of its own',
  )
}

function unbonded({ id, manifest }: Run, self: PeerName, height: number, hadPlace: boolean): ExitError {
  const what = hadPlace
    ? `the bond of peer ${self} is gone, and with it its seat in run ${id}`
    : `peer ${self} has no seat in run ${id}: block ${height} shows no bond of at least ${manifest.stake.floor} for it`
  return new ExitError(
    'refused',
    what,
    'swarm-node bond --run <manifest> --chain <url> --data <folder>, then join again',
  )
}
