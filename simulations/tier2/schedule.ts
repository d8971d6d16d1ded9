/** Lets faults begin and end at their times; a fault that begins late because of the machine ends as much later. */
import type { Fault } from '../scenario/types.ts'
import { HANDS, type Heal, type Room } from './faults.ts'

export interface ScheduleInit {
  readonly faults: readonly Fault[]
  readonly room: Room
  /** By the fault's place in the list. */
  readonly onBegin: (index: number, fault: Fault) => void
  readonly onHealed: (index: number, fault: Fault) => void
  readonly onError: (error: unknown) => void
}

export class Schedule {
  readonly #init: ScheduleInit
  readonly #timers = new Set<NodeJS.Timeout>()
  /** What would end each fault that has begun and not ended. */
  readonly #healing = new Map<number, Heal>()
  #left: number
  #isCancelled = false

  constructor(init: ScheduleInit) {
    this.#init = init
    this.#left = init.faults.length
    for (const [index, fault] of init.faults.entries()) {
      const { prepare } = HANDS[fault.kind] ?? {}
      if (prepare !== undefined)
        this.#after(Math.max(0, fault.atMs - prepare.leadMs(fault)), () => prepare.run(fault, init.room))
      this.#after(fault.atMs, () => this.#begin(index, fault))
    }
  }

  /** Every fault has begun and ended. */
  get isOver(): boolean {
    return this.#left === 0
  }

  /** Nothing begins any more. */
  cancel(): void {
    this.#isCancelled = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }

  /** Ends whatever has begun, so that the processes can be stopped. */
  async heal(): Promise<void> {
    this.cancel()
    for (const index of [...this.#healing.keys()]) await this.#end(index)
  }

  async #begin(index: number, fault: Fault): Promise<void> {
    const { room, onBegin } = this.#init
    onBegin(index, fault)
    const heal = await HANDS[fault.kind]?.begin(fault, room)
    if (heal === undefined) return
    this.#healing.set(index, heal)
    this.#after(fault.durationMs, () => this.#end(index))
  }

  async #end(index: number): Promise<void> {
    const heal = this.#healing.get(index)
    const fault = this.#init.faults[index]
    const { room } = this.#init
    if (heal === undefined || fault === undefined) return
    this.#healing.delete(index)
    // How long a program takes to start is the machine's, not the scenario's: what else is wrong stays so meanwhile.
    if (!this.#isCancelled && HANDS[fault.kind]?.starts !== true) await room.machines.started()
    await heal()
    this.#left--
    this.#init.onHealed(index, fault)
  }

  #after(delayMs: number, act: () => void | Promise<void>): void {
    const timer = setTimeout(async () => {
      this.#timers.delete(timer)
      try {
        await act()
      } catch (error) {
        this.#init.onError(error)
      }
    }, delayMs)
    this.#timers.add(timer)
  }
}
