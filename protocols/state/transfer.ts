/** Fetches many items from several sources at once: carries out what {@link Schedule} decides. */
import type { Clock } from '../wire/environment.ts'
import type { PeerName } from '../wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../wire/refusals.ts'
import type { Pace } from './pace.ts'
import { type Failure, type Order, Schedule } from './schedule.ts'

export interface TransferInit {
  readonly clock: Clock
  readonly pace: Pace
  readonly sources: readonly PeerName[]
  /** What is missing, in the order in which it is to be asked for. */
  readonly items: readonly number[]
  /** About how long an item is; for the pace. */
  bytesOf(item: number): number
  /** Asks and checks; a refusal says what is against the source. */
  ask(source: PeerName, item: number, signal: AbortSignal): Promise<Uint8Array | Refusal>
  /** Called once an item; its request counts as open until it is done. */
  put(item: number, bytes: Uint8Array): Promise<void>
  /** After each item. @param sources - sources that give */
  onItem?(bytes: number, sources: number): void
  readonly signal: AbortSignal | undefined
}

/** Null once all items are there, else the last refusal. Rejects where `put` does; nothing is under way afterwards. */
export async function transfer(init: TransferInit): Promise<Refusal | null> {
  const run = new Run(init)
  try {
    return await run.toEnd()
  } finally {
    await run.stop()
  }
}

class Run {
  readonly #init: TransferInit
  readonly #schedule: Schedule
  readonly #open = new Map<string, { readonly controller: AbortController; readonly ended: Promise<void> }>()
  #last = refuse('unknown-item', 'nobody to ask')
  #error: { readonly cause: unknown } | null = null
  #wake: () => void = () => undefined

  constructor(init: TransferInit) {
    this.#init = init
    this.#schedule = new Schedule(init.items, init.sources)
  }

  async toEnd(): Promise<Refusal | null> {
    const { signal } = this.#init
    for (;;) {
      if (this.#error !== null) throw this.#error.cause
      if (this.#schedule.isDone) return null
      if (signal?.aborted === true) return refuse('aborted')
      if (this.#schedule.isStuck) return this.#last
      await this.#change(this.#ask())
    }
  }

  async stop(): Promise<void> {
    const open = [...this.#open.values()]
    for (const { controller } of open) controller.abort()
    await Promise.all(open.map(({ ended }) => ended))
  }

  /** Asks for what is to be asked for now; when to look again, null where only an answer is waited for. */
  #ask(): number | null {
    const { clock, pace, bytesOf } = this.#init
    const nowMs = clock.nowMs()
    for (;;) {
      if (pace.readyMs > nowMs) return pace.readyMs
      const order = this.#schedule.next(nowMs)
      if (order === null) return this.#schedule.wakeMs(nowMs)
      pace.asked(bytesOf(order.item), nowMs)
      const controller = new AbortController()
      this.#open.set(keyOf(order), { controller, ended: this.#follow(order, controller.signal) })
    }
  }

  async #follow(order: Order, signal: AbortSignal): Promise<void> {
    try {
      const { ask, clock } = this.#init
      const result = await ask(order.source, order.item, signal)
      // Another source was faster, or the transfer is over: nobody waits for this one.
      if (signal.aborted) return
      if (isRefusal(result)) {
        this.#last = result
        this.#drop(this.#schedule.failed(order, failureOf(result), clock.nowMs()))
      } else {
        await this.#take(order, result)
      }
    } catch (cause) {
      this.#error ??= { cause }
    } finally {
      this.#open.delete(keyOf(order))
      this.#wake()
    }
  }

  async #take(order: Order, bytes: Uint8Array): Promise<void> {
    const { clock, put, onItem } = this.#init
    // `put` may empty it.
    const { length } = bytes
    this.#drop(this.#schedule.gave(order, clock.nowMs()))
    await put(order.item, bytes)
    this.#schedule.stored(order)
    onItem?.(length, this.#schedule.giving)
  }

  #drop(orders: readonly Order[]): void {
    for (const order of orders) this.#open.get(keyOf(order))?.controller.abort()
  }

  /** Resolves when a request ended, the time has come or the signal fires. */
  #change(untilMs: number | null): Promise<void> {
    const { clock, signal } = this.#init
    return new Promise(resolve => {
      const end = (): void => {
        cancel()
        this.#wake = () => undefined
        signal?.removeEventListener('abort', end)
        resolve()
      }
      const cancel = untilMs === null ? () => undefined : clock.after(Math.max(0, untilMs - clock.nowMs()), end)
      this.#wake = end
      signal?.addEventListener('abort', end, { once: true })
    })
  }
}

function keyOf({ source, item }: Order): string {
  return `${source}/${item}`
}

function failureOf({ refused }: Refusal): Failure {
  if (refused === 'overloaded') return 'busy'
  return refused === 'timed-out' || refused === 'unreachable' || refused === 'aborted' ? 'silent' : 'left'
}
