/** What gossip a peer hears: it may be withheld from it, or come late. Stands before the node's own validators, and sees what they say. */
import { type TopicValidatorFn, TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import type { SimProcess } from './process.ts'

/** What became of a message that was not simply taken. */
export type OddGossip = 'withheld' | 'late' | 'refused'

export class GossipGate {
  /** Faults that withhold all. */
  withheld = 0
  lateMs = 0
  /** @param from - who forwarded it */
  onOdd: (what: OddGossip, from: string) => void = () => undefined

  /** Every validator that is set from now on is asked behind the gate. */
  stand(validators: Map<string, TopicValidatorFn>, process: SimProcess): void {
    const set = validators.set.bind(validators)
    validators.set = (topic, validate) =>
      set(topic, (peer, message) => this.#pass(process, peer.toString(), () => validate(peer, message)))
  }

  async #pass(
    process: SimProcess,
    from: string,
    validate: () => ReturnType<TopicValidatorFn>,
  ): Promise<TopicValidatorResult> {
    if (this.withheld > 0) {
      this.onOdd('withheld', from)
      return TopicValidatorResult.Ignore
    }
    if (this.lateMs > 0) {
      this.onOdd('late', from)
      await new Promise<void>(resolve => process.after(this.lateMs, resolve))
    }
    const result = await validate()
    if (result === TopicValidatorResult.Reject) this.onOdd('refused', from)
    return result
  }
}
