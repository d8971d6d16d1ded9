/**
 * Sends one sibling its outbox: a batch at a time (or two), each confirmed; tries again while it is away. Senders of
 * different siblings know nothing of each other, so none blocks another.
 */
import type { CancelTimer, Clock } from '../wire/environment.ts'
import { BATCHES_IN_FLIGHT, RETRY_MS } from './constants.ts'
import { Outbox, type Outgoing } from './outbox.ts'

/** busy: reached, but it takes nothing now. */
export type Delivery = 'confirmed' | 'busy' | 'away'

export interface SenderInit {
  readonly clock: Clock
  readonly maxMessages: number
  /** Resolves once the sibling has answered, or could not be reached. `fresh` asks it for what it keeps for us. */
  deliver(batch: readonly Outgoing[], fresh: boolean): Promise<Delivery>
  onState(state: 'up' | 'down'): void
}

export class Sender {
  readonly #init: SenderInit
  readonly #outbox: Outbox
  #inFlight = 0
  /** Null before the first attempt. */
  #state: 'up' | 'down' | null = null
  /** The next batch says that we may have missed something. */
  #fresh = true
  #cancelRetry: CancelTimer | null = null
  #stopped = false

  constructor(init: SenderInit) {
    this.#init = init
    this.#outbox = new Outbox(init.maxMessages)
  }

  /** Messages kept for the sibling. */
  get size(): number {
    return this.#outbox.size
  }

  get isUp(): boolean {
    return this.#state === 'up'
  }

  put(message: Outgoing): void {
    this.#outbox.put(message)
    this.pump()
  }

  /** Starts what can be sent now. */
  pump(): void {
    if (this.#stopped || this.#cancelRetry !== null) return
    const isGreeting = this.#fresh && this.#inFlight === 0
    if (isGreeting) void this.#send()
    // Until the first batch is confirmed only that one is on its way: a sibling that is away costs one message.
    while (!this.#fresh && this.#inFlight < BATCHES_IN_FLIGHT && this.#outbox.waiting > 0) void this.#send()
  }

  /** The sibling said something: it can be reached, whatever was found before. */
  heard(): void {
    this.#cancelRetry?.()
    this.#cancelRetry = null
    this.pump()
  }

  /** The sibling has nothing of ours. */
  sendAllAgain(): void {
    this.#outbox.putAllBack()
    this.heard()
  }

  /** Asks the sibling for what it keeps for us, though nothing that was sent tells that we missed something. */
  greet(): void {
    this.#fresh = true
    this.heard()
  }

  dropBelow(round: number): void {
    this.#outbox.dropBelow(round)
  }

  stop(): void {
    this.#stopped = true
    this.#cancelRetry?.()
  }

  async #send(): Promise<void> {
    const batch = this.#outbox.takeBatch()
    const fresh = this.#fresh
    this.#inFlight += 1
    const delivery = await this.#init.deliver(batch, fresh)
    this.#inFlight -= 1
    if (this.#stopped) return
    if (delivery === 'confirmed' && fresh) this.#fresh = false
    if (delivery === 'away') this.#fresh = true
    if (delivery !== 'confirmed') {
      this.#outbox.putBack(batch)
      this.#retryLater()
    }
    this.#become(delivery === 'away' ? 'down' : 'up')
    this.pump()
  }

  #retryLater(): void {
    this.#cancelRetry?.()
    this.#cancelRetry = this.#init.clock.after(RETRY_MS, () => {
      this.#cancelRetry = null
      this.pump()
    })
  }

  #become(state: 'up' | 'down'): void {
    if (this.#state === state) return
    this.#state = state
    this.#init.onState(state)
  }
}
