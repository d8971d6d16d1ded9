/**
 * A peer that has a seat and was drawn to move to another stage (consensus/membership, "Moves"): beside its rounds it fetches
 * that stage's state and follows it, in a part of its disk of its own, until it is admitted there. Its seat moves with the
 * epoch; then its place is taken anew, on what it has fetched.
 */
import type { PeerName } from '../../protocols/wire/messages.ts'
import { stageAnchors } from './compose-anchors.ts'
import { joinCatchUp } from './compose-catch-up.ts'
import type { Connected } from './connected.ts'
import type { PeerDisk } from './disk.ts'
import type { PeerInit, WatchedEnvironment } from './environment.ts'
import { Follower, type FollowerInit } from './follower.ts'
import { KeyWatch } from './key-watch.ts'
import type { Membership } from './membership.ts'
import { openSeat, type Seat } from './seat.ts'
import type { Services } from './services.ts'

export interface MoverInit {
  readonly init: PeerInit
  readonly environment: WatchedEnvironment
  readonly self: PeerName
  /** Where it sits. */
  readonly stage: number
  readonly disk: PeerDisk
  readonly membership: Membership
  readonly services: Pick<Services, 'agreement' | 'state'>
  readonly connected: Pick<Connected, 'of'>
  /** The seats of another stage. */
  readonly seats: (stage: number) => readonly PeerName[]
  /** Can this machine hold both? It says so itself where it cannot. */
  readonly fits: (to: number) => boolean
  /** Whom to speak with is another matter now. */
  readonly onTarget: () => void
  readonly onFollowed: FollowerInit['onFollowed']
  readonly onWarning: (message: string) => void
}

export class Mover {
  readonly #init: MoverInit
  #to: number | null = null
  #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #follower: Follower | null = null

  constructor(init: MoverInit) {
    this.#init = init
  }

  /** The stage that it is about to move to; null: none. */
  get to(): number | null {
    return this.#to
  }

  /** What is known about the seats may be another matter now. */
  look(): void {
    const { membership, self, stage, fits, onTarget } = this.#init
    const { newest } = membership
    const seat = newest.stageOf.get(self)
    const target = seat === undefined ? null : seat === stage ? (newest.candidates.get(self) ?? null) : seat
    if (target === this.#to) {
      this.#follower?.wake()
      return
    }
    this.#stop.abort(new Error('it moves elsewhere, or nowhere'))
    const to = target !== null && fits(target) ? target : null
    this.#to = to
    onTarget()
    if (to === null) return
    this.#stop = new AbortController()
    const { signal } = this.#stop
    this.#running = this.#running.then(() => this.#run(to, signal))
  }

  /** A stage has certified this round. */
  certified(stage: number, round: number): void {
    if (stage === this.#to) this.#follower?.wake(round)
  }

  async end(): Promise<void> {
    this.#stop.abort(new Error('this place is given up'))
    await this.#running
  }

  async #run(to: number, signal: AbortSignal): Promise<void> {
    const { init, environment, self, membership, disk, onWarning } = this.#init
    if (signal.aborted) return
    let seat: Seat | null = null
    const fatal = new AbortController()
    const either = AbortSignal.any([signal, fatal.signal])
    try {
      const moving = disk.moving()
      seat = await openSeat(init, environment, { self, stage: to, disk: moving, membership }, either, error =>
        fatal.abort(error),
      )
      this.#follower = this.#follow(seat)
      await this.#follower.run(either)
    } catch (error) {
      // It keeps its seat here; another one is drawn in time.
      if (!signal.aborted) onWarning(`moving to stage ${to}: ${String(error)}`)
    } finally {
      this.#follower = null
      if (seat !== null) await close(seat, onWarning)
    }
  }

  #follow(seat: Seat): Follower {
    const { init, environment, self, membership, services, connected, seats, onFollowed, onWarning } = this.#init
    const { stage, stageState, history, journal } = seat
    const { run } = init
    const { random, chain } = environment
    // Whether the peer signs is told of the stage where it sits.
    const reporter = { suspended: () => undefined, resumed: () => undefined }
    const keyWatch = new KeyWatch({ self, journal, random, reporter })
    const catchUp = joinCatchUp(seat, {
      run,
      state: services.state,
      connected,
      anchors: stageAnchors(run, chain, { stage, membership }),
      onCertificate: certificate => keyWatch.learned(certificate),
      onProgress: () => undefined,
    })
    return new Follower({
      run,
      self,
      stage,
      clock: environment.clock,
      journal,
      keyWatch,
      membership,
      stageState,
      history,
      catchUp,
      show: signed => services.agreement.broadcast({ signed, attachments: [] }, seats(stage)),
      onOpen: () => undefined,
      onFollowed,
      wantsToLeave: () => false,
      warn: onWarning,
    })
  }
}

async function close(
  { engine, stageState, store, journal }: Seat,
  onWarning: (message: string) => void,
): Promise<void> {
  for (const step of [() => engine.dispose(), () => stageState.flush(), () => store.close(), () => journal.close()])
    await step().catch((error: unknown) => onWarning(`stopping: ${String(error)}`))
}
