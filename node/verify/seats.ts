/** (b) Who signed had a seat: its bond was on chain, and the beacon dealt it to the stage. Pure. */
import { type Group, seatIndex } from '../../consensus/election/index.ts'
import { equalBytes } from '../../protocols/wire/hash.ts'
import type { PeerName, Scope, Value } from '../../protocols/wire/messages.ts'

/** What is wrong with the place that a certificate claims; `expected` comes from manifest and chain. */
export function scopeFaults(scope: Scope, expected: Scope): string[] {
  const faults: string[] = []
  if (scope.run !== expected.run) faults.push(`it is of run ${scope.run}`)
  if (!equalBytes(scope.genesis, expected.genesis)) faults.push('it is of another chain')
  if (scope.stage !== expected.stage) faults.push(`it is of stage ${scope.stage}`)
  if (scope.round !== expected.round) faults.push(`it is of round ${scope.round}`)
  if (faults.length === 0 && !equalBytes(scope.group, expected.group))
    faults.push(`its group is not the one whose bonds the chain has for epoch ${expected.epoch}`)
  return faults
}

/** Signers and authors without a seat in the group. */
export function strangers(group: Group, signers: Iterable<PeerName>, value: Value): string[] {
  const authors = value.commits === 'skip' ? [] : value.commits.map(commit => commit.author)
  const unseated = new Set([...signers, ...authors].filter(peer => seatIndex(group, peer) < 0))
  return [...unseated].map(peer => `${peer} signed without a bonded seat in this stage`)
}

export interface EpochBounds {
  /** Epoch of the certificate's reference block. */
  readonly ofReference: number
  /** Height of the chain's finalised head, and of the reference block. */
  readonly head: number
  readonly reference: number
}

/** A group is read from finalised blocks, so the blocks that a certificate rests on must be there. */
export function epochFault(epoch: number, { ofReference, head, reference }: EpochBounds): string | null {
  if (reference > head) return `it refers to block ${reference}, the chain's finalised head is ${head}`
  if (epoch > ofReference) return `it is of epoch ${epoch}, its reference block ${reference} of epoch ${ofReference}`
  return null
}
