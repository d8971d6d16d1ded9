/** Which seats are connected now, and waiting for enough of them. */
import type { Clock } from '../../protocols/wire/environment.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import type { NetworkEvent } from '../network/index.ts'
import { shortageText } from './place.ts'

/** Once a quorum is there, the others have this long before the round starts without them. */
const PATIENCE_MS = 3_000

export interface ConnectedInit {
  readonly self: PeerName
  readonly stage: number
  readonly stages: number
  readonly clock: Clock
  /** All seats of a stage in the own epoch. */
  readonly seats: (stage: number) => readonly PeerName[]
  /** Those of the epochs around it as well. */
  readonly around: (stage: number) => readonly PeerName[]
  /** Seats of the own stage that must be there, this one included; null for a peer that follows, to whom one is enough. */
  readonly quorum: () => number | null
  readonly onChange: (peer: PeerName, isConnected: boolean) => void
  readonly onWaiting: (text: string) => void
}

export class Connected {
  readonly #init: ConnectedInit
  readonly #peers = new Set<PeerName>()
  readonly #watchers = new Set<() => void>()

  constructor(init: ConnectedInit) {
    this.#init = init
  }

  take(event: NetworkEvent): void {
    if (event.type !== 'connected' && event.type !== 'disconnected') return
    const isConnected = event.type === 'connected'
    if (isConnected) this.#peers.add(event.peer)
    else this.#peers.delete(event.peer)
    this.#init.onChange(event.peer, isConnected)
    for (const watcher of [...this.#watchers]) watcher()
  }

  /** Connected seats of a stage, but this peer. */
  of(stage: number): readonly PeerName[] {
    return this.#init.around(stage).filter(peer => peer !== this.#init.self && this.#peers.has(peer))
  }

  /** Seats, of whatever stage, that are not connected. */
  unreachable(): readonly PeerName[] {
    const { self, stages, seats } = this.#init
    const all = Array.from({ length: stages }, (_, stage) => stage).flatMap(seats)
    return all.filter(peer => peer !== self && !this.#peers.has(peer))
  }

  /**
   * Resolves when everybody is there, or a quorum of the own stage and one peer of each neighbour for some seconds; for a peer
   * that follows as soon as there is a sibling.
   * @param isUnderWay - the run began before: who is not there now is no more likely to come within seconds than later
   */
  async enough(signal: AbortSignal, { isUnderWay }: { isUnderWay: boolean }): Promise<void> {
    const { clock, onWaiting } = this.#init
    let patienceOver = isUnderWay
    let cancel: (() => void) | null = null
    try {
      for (;;) {
        signal.throwIfAborted()
        if (this.#isComplete()) return
        const missing = this.missing()
        if (missing === '' && (patienceOver || this.#init.quorum() === null)) return
        onWaiting(missing)
        if (missing === '') {
          cancel ??= clock.after(PATIENCE_MS, () => {
            patienceOver = true
            for (const watcher of [...this.#watchers]) watcher()
          })
        }
        await this.#changed(signal)
      }
    } finally {
      cancel?.()
      onWaiting('')
    }
  }

  #isComplete(): boolean {
    return this.unreachable().length === 0
  }

  /** Who must come before a round can be decided, as a sentence; empty where enough are here. */
  missing(): string {
    const { stage, stages, seats } = this.#init
    const quorum = this.#init.quorum()
    const here = seats(stage).filter(peer => this.#peers.has(peer)).length
    if (quorum === null) return this.of(stage).length > 0 ? '' : `nobody of stage ${stage} can be reached from here`
    const short = quorum - 1 - here
    if (short > 0) return shortageText(stage, short)
    const empty = [stage - 1, stage + 1].find(other => other >= 0 && other < stages && this.of(other).length === 0)
    return empty === undefined ? '' : `stage ${empty} needs a replica that can be reached from here`
  }

  #changed(signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const finish = () => {
        this.#watchers.delete(finish)
        signal.removeEventListener('abort', finish)
        resolve()
      }
      this.#watchers.add(finish)
      signal.addEventListener('abort', finish, { once: true })
    })
  }
}
