/**
 * Finds the first peers: dials the bootstrap addresses and the stored peers until enough are connected, each target with its
 * own back-off, for as long as the node runs. A peer may start before its bootstrap peers, and outlive them. libp2p dials
 * a bootstrap list once and never again.
 */
import { STEADY_MS } from '../../protocols/discovery/constants.ts'
import { within } from '../../protocols/discovery/deadline.ts'
import { Loop } from '../../protocols/discovery/loop.ts'
import type { Clock, Random } from '../../protocols/wire/environment.ts'
import {
  BOOTSTRAP_BACKOFF_FIRST_MS,
  BOOTSTRAP_BACKOFF_MAX_MS,
  BOOTSTRAP_DIALS_MAX,
  BOOTSTRAP_ENOUGH_PEERS,
  BOOTSTRAP_IDLE_MS,
  DIAL_TIMEOUT_MS,
  STORED_PEERS_MAX,
} from './constants.ts'

/** Someone to dial: an address of the configuration or a peer of the address book. */
export interface Target {
  /** Unique; the address, or the peer's name. */
  readonly key: string
  connected(): boolean
  dial(signal: AbortSignal): Promise<void>
}

export interface BootstrapperInit {
  readonly clock: Clock
  readonly random: Random
  /** Peers that are connected now. */
  readonly connectedPeers: () => number
  readonly bootstrap: readonly Target[]
  /** At most `limit` peers of the address book. */
  readonly stored: (limit: number) => Promise<readonly Target[]>
  /** Called after each pass that left the node without any peer. */
  readonly onIsolated?: (attempts: number, lastError: string) => void
}

interface Attempt {
  /** In a row; each connection that did not last is one of them. */
  readonly failures: number
  /** When it was dialled, ms of the clock. */
  readonly dialledMs: number
  /** Not before this, ms of the clock. */
  readonly dueMs: number
}

export class Bootstrapper {
  readonly #init: BootstrapperInit
  readonly #attempts = new Map<string, Attempt>()
  readonly #abort = new AbortController()
  readonly #loop: Loop
  #dials = 0
  #lastError = ''

  constructor(init: BootstrapperInit) {
    this.#init = init
    this.#loop = new Loop(init.clock, () => this.#pass())
  }

  start(): void {
    this.#loop.wake()
  }

  stop(): void {
    this.#abort.abort()
    this.#loop.stop()
  }

  /** Looks at once, e.g. because a peer was lost. Cheap when there is nothing to do. */
  wake(): void {
    this.#loop.wake()
  }

  /** One pass over all targets. Returns when to look again, in ms. */
  async #pass(): Promise<number> {
    if (this.#init.connectedPeers() >= BOOTSTRAP_ENOUGH_PEERS) return BOOTSTRAP_IDLE_MS
    const targets = await this.#targets()
    const nowMs = this.#init.clock.nowMs()
    const open = targets.filter(target => !target.connected())
    const due = open.filter(target => this.#dueMs(target) <= nowMs).slice(0, BOOTSTRAP_DIALS_MAX)
    await Promise.all(due.map(target => this.#dial(target)))
    if (due.length > 0 && this.#init.connectedPeers() === 0 && !this.#abort.signal.aborted)
      this.#init.onIsolated?.(this.#dials, this.#lastError)
    return this.#nextMs(open)
  }

  /** Bootstrap addresses first; peers that were forgotten lose their back-off. */
  async #targets(): Promise<readonly Target[]> {
    const stored = await this.#init.stored(STORED_PEERS_MAX).catch(() => [])
    const targets = new Map([...this.#init.bootstrap, ...stored].map(target => [target.key, target]))
    for (const key of this.#attempts.keys()) if (!targets.has(key)) this.#attempts.delete(key)
    return [...targets.values()]
  }

  #dueMs(target: Target): number {
    return this.#attempts.get(target.key)?.dueMs ?? Number.NEGATIVE_INFINITY
  }

  #nextMs(open: readonly Target[]): number {
    const waits = open
      .filter(target => !target.connected())
      .map(target => this.#dueMs(target) - this.#init.clock.nowMs())
    return Math.max(0, Math.min(BOOTSTRAP_IDLE_MS, ...waits))
  }

  async #dial(target: Target): Promise<void> {
    this.#dials++
    const before = this.#attempts.get(target.key)
    const wasSteady = before === undefined || this.#init.clock.nowMs() - before.dialledMs > STEADY_MS
    let failures = wasSteady ? 0 : before.failures + 1
    try {
      await within(this.#init.clock, DIAL_TIMEOUT_MS, this.#abort.signal, signal => target.dial(signal))
    } catch (error) {
      // Over its inbound threshold a healthy peer just resets: back off, blame nobody.
      this.#lastError = error instanceof Error ? error.message : String(error)
      failures = Math.max(1, failures)
    }
    const fullMs = failures === 0 ? 0 : BOOTSTRAP_BACKOFF_FIRST_MS * 2 ** Math.min(failures - 1, 16)
    const waitMs = Math.min(BOOTSTRAP_BACKOFF_MAX_MS, fullMs) * (0.5 + this.#init.random() / 2)
    const dialledMs = this.#init.clock.nowMs()
    this.#attempts.set(target.key, { failures, dialledMs, dueMs: dialledMs + waitMs })
  }
}
