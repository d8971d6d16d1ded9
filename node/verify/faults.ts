import type { Fault } from './types.ts'

/** Faults listed of one check: enough to see what they have in common. */
export const LISTED_FAULTS = 5

/** Collects faults; keeps the first few and counts the rest. */
export class FaultList {
  readonly #listed: Fault[] = []
  #count = 0

  add(where: string, what: string): void {
    this.#count++
    if (this.#listed.length < LISTED_FAULTS) this.#listed.push({ where, what })
  }

  /** As a verdict has them. */
  get found(): { readonly faults: readonly Fault[]; readonly faultCount: number } {
    return { faults: this.#listed, faultCount: this.#count }
  }
}
