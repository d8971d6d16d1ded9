/** Payloads and a stand-in for the wire's `seal`: the journal never looks into an envelope. */
import type { Seal } from '../../../node/journal/index.ts'
import { encode } from '../../../protocols/wire/cbor.ts'
import type { Aggregate, Outcome, Prevote, Scope } from '../../../protocols/wire/messages.ts'

export const SIGNER = '12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo'
export const RUN = 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'

export const seal: Seal = async payload => ({ signer: SIGNER, payload, envelope: encode({ sealed: payload }) })

export function hashOf(seed: number): Uint8Array {
  return new Uint8Array(32).fill(seed)
}

export function scopeOf(round: number, epoch = 0): Scope {
  return { version: 1, genesis: hashOf(1), run: RUN, epoch, group: hashOf(2), stage: 0, round }
}

export function prevote(round: number, view: number, value: number | null, epoch = 0): Prevote {
  return {
    kind: 'prevote',
    scope: scopeOf(round, epoch),
    view,
    value: value === null ? null : hashOf(value),
    validView: -1,
  }
}

export function aggregate(round: number, partition: number, hash: number): Aggregate {
  return { kind: 'aggregate', scope: scopeOf(round), value: hashOf(9), partition, hash: hashOf(hash) }
}

export function outcome(round: number, heard: number): Outcome {
  const fields = { value: hashOf(9), aggregateRoot: hashOf(8), state: hashOf(7), fullRoot: null }
  return { kind: 'outcome', scope: scopeOf(round), ...fields, heard: Uint8Array.of(heard) }
}

export function placeAt(round: number, epoch = 0): { run: string; stage: number; epoch: number; round: number } {
  return { run: RUN, stage: 0, epoch, round }
}
