/** What gossip a peer hears: it may be withheld from it, or come late. Stands before the node's own validators. */
import { type TopicValidatorFn, TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import type { SimProcess } from './process.ts'

export class GossipGate {
  /** Faults that withhold all. */
  withheld = 0
  lateMs = 0

  /** Every validator that is set from now on is asked behind the gate. */
  stand(validators: Map<string, TopicValidatorFn>, process: SimProcess): void {
    const set = validators.set.bind(validators)
    validators.set = (topic, validate) =>
      set(topic, (peer, message) => this.#pass(process, () => validate(peer, message)))
  }

  async #pass(process: SimProcess, validate: () => ReturnType<TopicValidatorFn>): Promise<TopicValidatorResult> {
    if (this.withheld > 0) return TopicValidatorResult.Ignore
    if (this.lateMs > 0) await new Promise<void>(resolve => process.after(this.lateMs, resolve))
    return validate()
  }
}
