import type { EventName, NodeEvent, NodeEvents } from './types.ts'

export type EventListener = (event: NodeEvent) => void

/** Delivers events to every projection, in order, synchronously. A projection that throws is a bug and is not caught. */
export class EventBus {
  readonly #listeners = new Set<EventListener>()
  readonly #nowMs: () => number

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  emit<Name extends EventName>(event: Name, fields: NodeEvents[Name]): void {
    this.forward({ event, timeMs: this.#nowMs(), ...fields } as NodeEvent)
  }

  /** Passes on an event that another process raised. */
  forward(event: NodeEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  /** Returns the unsubscribe function. */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
