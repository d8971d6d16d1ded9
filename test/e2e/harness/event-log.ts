/** Everything that the processes of a test said, in the order in which it was heard, and waiting for more. */
import type { EventName, NodeEvent } from '../../../node/events/types.ts'

/** What an event is, and who raised it. */
export type Heard = NodeEvent & {
  /** Index of the peer, in the order of the folders. */
  readonly peerIndex: number
}

type EventOf<Name extends EventName> = Extract<Heard, { event: Name }>

/** What says nothing about why a peer does not go on. */
const NOISE: ReadonlySet<EventName> = new Set(['round.times', 'loss', 'round.anchored'])

export class EventLog {
  readonly #events: Heard[] = []
  readonly #watchers = new Set<() => void>()
  #failure: Error | null = null

  /** Events heard so far; hand it to `since` to look only at what comes after. */
  get mark(): number {
    return this.#events.length
  }

  add(peerIndex: number, event: NodeEvent): void {
    this.#events.push({ ...event, peerIndex } as Heard)
    this.changed()
  }

  /** Something other than an event happened that a wait may be for. */
  changed(): void {
    for (const watcher of [...this.#watchers]) watcher()
  }

  /** Whoever waits, now or later, is told: nothing good can come any more. Null takes it back. */
  fail(error: Error | null): void {
    this.#failure = error
    this.changed()
  }

  of<Name extends EventName>(name: Name, { since = 0, by }: { since?: number; by?: number } = {}): EventOf<Name>[] {
    return this.#events.slice(since).filter((heard): heard is EventOf<Name> => {
      return heard.event === name && (by === undefined || heard.peerIndex === by)
    })
  }

  /** The newest events of a peer that tell what it does. */
  last(by: number, count: number): Heard[] {
    return this.#events.filter(heard => heard.peerIndex === by && !NOISE.has(heard.event)).slice(-count)
  }

  /**
   * Resolves with the first value of `look` that is neither undefined nor false; looks again whenever something happened.
   * @param explain - what to add to the error where the time is over
   */
  until<Value>(
    look: () => Value | undefined | false,
    what: string,
    timeoutMs: number,
    explain: () => string,
  ): Promise<Value> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer)
        this.#watchers.delete(check)
        settle()
      }
      const fail = (reason: string): void => finish(() => reject(new Error(`${reason}\n${explain()}`)))
      const check = (): void => {
        const value = look()
        if (value !== undefined && value !== false) finish(() => resolve(value))
        else if (this.#failure !== null) fail(`waiting for ${what}: ${this.#failure.message}`)
      }
      const timer = setTimeout(() => fail(`waited ${timeoutMs} ms for ${what}`), timeoutMs)
      this.#watchers.add(check)
      check()
    })
  }
}
