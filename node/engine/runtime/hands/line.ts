/**
 * Commands to a hand, one at a time, by shared words alone: the compute thread is inside a graph while its hands are, so no
 * message would be read in time. Who gives writes command and argument and then counts up `given`; who does writes the
 * outcome and then counts up `done`.
 */
import { errorOf, type Failure, failureOf } from '../failure.ts'
import type { Accumulator } from '../types.ts'
import { FAILURE_BYTES, type HandLine, WORDS } from './shared.ts'

const ACCUMULATORS: readonly Accumulator[] = ['lane', 'off-lane']

const COMMANDS = [
  /** Graphs, on what stands in the shared memory. */
  'forward',
  'backward',
  'head',
  'evaluate',
  /** Adds the gradient of the last graph to an accumulator. */
  'accumulate',
  /** Copies an accumulator to the exchange, and zeroes it. */
  'give',
  /** Zeroes both accumulators. */
  'zero',
  'end',
] as const

export type HandCommand = (typeof COMMANDS)[number]

const OUTCOMES = ['done', 'not-finite', 'failed'] as const

export type Outcome = (typeof OUTCOMES)[number]

/** How long the compute thread waits for a hand: `slices` times `sliceMs` milliseconds. */
export interface Patience {
  readonly sliceMs: number
  readonly slices: number
}

/**
 * Both ends look up once in so many milliseconds: the end of the engine changes none of the words that they wait for. It costs
 * nothing.
 */
const SLICE_MS = 1000

/**
 * A share takes as long as the compute thread's own, which is over when the wait begins: some seconds at most, also where
 * other programs have the core meanwhile. So after two minutes the hand is stuck. Counted in slices, since a program that was
 * stopped finds all of its wait over when it goes on: that costs it one slice.
 */
const PATIENCE: Patience = { sliceMs: SLICE_MS, slices: 120 }

/** A hand is gone, does not answer, or failed at what cannot fail. Its gradients are lost, so the engine ends. */
export class HandLost extends Error {
  override readonly name = 'HandLost'
}

/** The compute thread's end of a line. */
export class Commander {
  readonly #line: HandLine
  readonly #hand: number
  readonly #patience: Patience
  #given = 0
  #isAnswered = true

  /** @param hand its number, for messages */
  constructor(line: HandLine, hand: number, patience: Patience = PATIENCE) {
    this.#line = line
    this.#hand = hand
    this.#patience = patience
  }

  /** Gives a command once the one before is done; does not wait for this one. @throws HandLost */
  give(command: HandCommand, accumulator: Accumulator = 'lane'): void {
    // Graphs may fail, and are waited for; the rest cannot.
    if (!this.#isAnswered && this.wait() === 'failed') throw new HandLost(`hand ${this.#hand}: ${this.failure()}`)
    const { words } = this.#line
    Atomics.store(words, WORDS.command, COMMANDS.indexOf(command))
    Atomics.store(words, WORDS.accumulator, ACCUMULATORS.indexOf(accumulator))
    this.#given = (this.#given + 1) | 0
    this.#isAnswered = false
    Atomics.store(words, WORDS.given, this.#given)
    Atomics.notify(words, WORDS.given)
  }

  /** Blocks until the last command is done. @throws HandLost */
  wait(): Outcome {
    const { words } = this.#line
    const { sliceMs, slices } = this.#patience
    for (let slice = 0; ; slice++) {
      const done = Atomics.load(words, WORDS.done)
      if (done === this.#given) break
      if (isOver(this.#line)) throw new HandLost(`hand ${this.#hand} or another is gone`)
      if (slice === slices)
        throw new HandLost(`hand ${this.#hand} did not answer within ${(sliceMs * slices) / 1000} s`)
      Atomics.wait(words, WORDS.done, done, sliceMs)
    }
    this.#isAnswered = true
    return OUTCOMES[Atomics.load(words, WORDS.outcome)]!
  }

  /** What went wrong where the last outcome is 'failed'. */
  failure(): unknown {
    const { words, failure } = this.#line
    const bytes = failure.slice(0, Atomics.load(words, WORDS.failureBytes))
    const told: Failure = JSON.parse(new TextDecoder().decode(bytes))
    return errorOf(told, undefined)
  }
}

export type Performer = (command: HandCommand, accumulator: Accumulator) => Promise<Outcome>

/** The hand's end: does what is asked for until it is asked to end, or the engine is over. Blocks the thread between commands. */
export async function obey(line: HandLine, perform: Performer): Promise<void> {
  const { words } = line
  for (let done = 0; ; ) {
    while (Atomics.load(words, WORDS.given) === done) {
      if (isOver(line)) return
      Atomics.wait(words, WORDS.given, done, SLICE_MS)
    }
    const command = COMMANDS[Atomics.load(words, WORDS.command)]!
    const accumulator = ACCUMULATORS[Atomics.load(words, WORDS.accumulator)]!
    const outcome = await perform(command, accumulator).catch((error: unknown): Outcome => {
      writeFailure(line, error)
      return 'failed'
    })
    done = (done + 1) | 0
    Atomics.store(words, WORDS.outcome, OUTCOMES.indexOf(outcome))
    Atomics.store(words, WORDS.done, done)
    Atomics.notify(words, WORDS.done)
    if (command === 'end') return
  }
}

function isOver({ words }: HandLine): boolean {
  return Atomics.load(words, WORDS.over) === 1
}

function writeFailure({ words, failure }: HandLine, error: unknown): void {
  const told = failureOf(error)
  const encode = (detail: string): Uint8Array => new TextEncoder().encode(JSON.stringify({ ...told, detail }))
  const detail = told.cancelled ? '' : told.detail
  const whole = encode(detail)
  // A character takes at most six bytes in JSON, so an eighth of the room in characters fits beside the rest.
  const bytes = whole.length <= FAILURE_BYTES ? whole : encode(detail.slice(0, FAILURE_BYTES / 8))
  failure.set(bytes)
  Atomics.store(words, WORDS.failureBytes, bytes.length)
}
