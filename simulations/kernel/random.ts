/**
 * Seeded randomness in streams, one for each concern: what one fault, peer or link draws never shifts what another draws, so
 * a scenario from which a fault was removed is otherwise the same run.
 */

/** sfc32 (Chris Doty-Humphrey, PractRand; public domain): 128 bits of state, exact 32-bit arithmetic on every machine. */
export class RandomStream {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number, label: string) {
    this.#a = hashText(label, seed | 0)
    this.#b = hashText(label, Math.floor(seed / 2 ** 32) ^ 0x9e3779b9)
    this.#c = seed | 0
    for (let round = 0; round < 12; round++) this.bits()
  }

  /** 32 uniform bits. */
  bits(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** Uniform in [0, 1). */
  next(): number {
    return this.bits() / 4_294_967_296
  }

  /** A whole number of [0, bound). */
  below(bound: number): number {
    return Math.floor(this.next() * bound)
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.next()
  }

  chance(probability: number): boolean {
    return probability > 0 && this.next() < probability
  }

  /** Throws a RangeError where there is nothing to pick from. */
  pick<T>(list: readonly T[]): T {
    const picked = list[this.below(list.length)]
    if (picked === undefined) throw new RangeError('nothing to pick from')
    return picked
  }

  /** `count` different elements, in drawn order; all of them where there are fewer. */
  sample<T>(list: readonly T[], count: number): T[] {
    const rest = [...list]
    const drawn: T[] = []
    while (drawn.length < count && rest.length > 0) drawn.push(...rest.splice(this.below(rest.length), 1))
    return drawn
  }

  /** Waiting time of a Poisson process, whole milliseconds: a logarithm's last bit may differ between machines. */
  waitMs(perMinute: number): number {
    return Math.max(1, Math.round((-Math.log(1 - this.next()) * 60_000) / perMinute))
  }

  /** Roughly normal (sum of four uniforms): mean 0, deviation 1, exact arithmetic. */
  normal(): number {
    return (this.next() + this.next() + this.next() + this.next() - 2) * NORMAL_SCALE
  }
}

/** Four uniforms have a variance of 4/12. */
const NORMAL_SCALE = Math.sqrt(3)

/** MurmurHash3's mixing over UTF-16 code units. */
export function hashText(text: string, seed = 0): number {
  let hash = seed
  for (let index = 0; index < text.length; index++) {
    let mixed = Math.imul(text.charCodeAt(index), 0xcc9e2d51)
    mixed = Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593)
    hash ^= mixed
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
  }
  hash ^= text.length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
