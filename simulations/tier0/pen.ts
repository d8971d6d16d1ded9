/** The only way to the disk of an honest peer: every write is a step at which its process may die, before it or after. */
import type { LockRecord } from '../../consensus/round/types.ts'
import { contentOf, isJournaled, slotName } from '../../node/journal/slots.ts'
import { hashHex } from '../../protocols/wire/hash.ts'
import type { Payload, Scope, Signed } from '../../protocols/wire/messages.ts'
import { isRefusal, type Refusal } from '../../protocols/wire/refusals.ts'
import type { SimPeer } from './peer.ts'

export class Pen {
  /** Dies at its next write, or right after it. */
  killAt: 'before-write' | 'after-write' | null = null
  /** After such a death. */
  onKilled: () => void = () => {}
  /** Slots whose signature was asked for and not told yet: after a death the disk may have it. */
  readonly #untold = new Set<string>()
  readonly #peer: SimPeer

  constructor(peer: SimPeer) {
    this.#peer = peer
  }

  sign(payloads: readonly Payload[], done: (results: readonly (Signed | Refusal)[]) => void): void {
    const slots = payloads.filter(isJournaled).map(slotName)
    for (const slot of slots) this.#untold.add(slot)
    this.#writing(finished =>
      this.#peer.journal.sign(this.#peer.key, payloads, (results, notes) =>
        finished(() => {
          for (const slot of slots) this.#untold.delete(slot)
          results.forEach((result, index) => {
            if (isRefusal(result)) {
              if (result.refused === 'contradiction')
                this.#peer.world.recorder.reached('journal-refused', this.#peer.index)
            } else this.#peer.tell.signed(result, notes[index]?.slot ?? null, notes[index]?.content ?? '')
          })
          done(results)
        }),
      ),
    )
  }

  /** What a start finds signed on the disk: the round counts it, so it is told, though the process died before it could be. */
  restored(messages: readonly Signed[]): void {
    for (const signed of messages) {
      const { payload } = signed
      if (!isJournaled(payload)) continue
      const slot = slotName(payload)
      if (this.#untold.delete(slot)) this.#peer.tell.signed(signed, slot, hashHex(contentOf(payload)))
    }
  }

  persist(scope: Scope, record: LockRecord, done: () => void): void {
    const place = { run: scope.run, stage: scope.stage, epoch: scope.epoch, round: scope.round }
    this.#writing(finished => this.#peer.journal.remember(place, record, () => finished(done)))
  }

  /** Every write is a step at which the process may die, before its effect or after. */
  #writing(write: (finished: (done: () => void) => void) => boolean): void {
    if (this.killAt === 'before-write') {
      this.#die()
      return
    }
    const isTaken = write(done =>
      this.#peer.post(() => {
        if (this.killAt === 'after-write') this.#die()
        else done()
      }),
    )
    // A full disk ends the process: what it may not remember it must not say.
    if (!isTaken) {
      this.#peer.world.recorder.reached('disk-full', this.#peer.index)
      this.#die()
    }
  }

  #die(): void {
    this.killAt = null
    this.#peer.crash()
    this.onKilled()
  }
}
