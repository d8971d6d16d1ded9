/**
 * The modelled disk of one peer. A write is durable `fsyncMs` after it was asked for, in order; a crash in between loses it,
 * or keeps it without anybody having been told. The state is rebuilt by applying records to a fresh store.
 */
import type { RandomStream } from './random.ts'
import type { Timeline } from './timeline.ts'

interface PendingWrite<R> {
  readonly records: readonly R[]
  readonly done: () => void
}

/** What a restart finds; torn: the power was lost. */
export type DiskLoss = 'none' | 'torn' | 'empty' | 'stale'

export class SimDisk<R> {
  readonly #time: Timeline
  readonly #fsyncMs: number
  #records: R[] = []
  #pending: PendingWrite<R>[] = []
  #copy: readonly R[] | null = null
  #life = 0
  isFull = false

  constructor(time: Timeline, fsyncMs: number) {
    this.#time = time
    this.#fsyncMs = fsyncMs
  }

  /** Durable records, in order. */
  get records(): readonly R[] {
    return this.#records
  }

  /** `done` is called once the records are durable; never after a crash. A full disk takes nothing: false. */
  write(records: readonly R[], done: () => void): boolean {
    if (this.isFull) return false
    const write = { records, done }
    this.#pending.push(write)
    const life = this.#life
    this.#time.after(this.#fsyncMs, () => {
      if (life !== this.#life || this.#pending[0] !== write) return
      this.#pending.shift()
      this.#records.push(...records)
      done()
    })
    return true
  }

  /** Process or power is gone: what waits to be flushed may be there or not. */
  crash(random: RandomStream): void {
    this.#life++
    for (const { records } of this.#pending) {
      if (!random.chance(0.5)) break
      this.#records.push(...records)
    }
    this.#pending = []
  }

  /** Remembers what is durable now, for a restart from a stale copy. */
  backUp(): void {
    this.#copy = [...this.#records]
  }

  /** A loss of power takes nothing that a crash does not take: every record here waits for its flush. */
  lose(loss: DiskLoss): void {
    if (loss === 'empty') this.#records = []
    if (loss === 'stale') this.#records = [...(this.#copy ?? [])]
  }

  /** Replaces all records by fewer that say the same. */
  rewrite(records: readonly R[]): void {
    this.#records = [...records]
  }
}
