/** Hands out other bytes than those it signed for: partitions of its commitment, and aggregates that it computed. */
import type { AggregateName } from '../../../protocols/reduce/index.ts'
import { hashHex } from '../../../protocols/wire/hash.ts'
import { instead } from '../../attackers/instead.ts'
import type { Lie } from './types.ts'

/** Rounds are short and few: what it needs itself is never thrown away. */
const genuine = new Map<string, Uint8Array>()

function tampered(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice()
  copy[0] = (copy[0] ?? 0) ^ 1
  return copy
}

function key({ scope, partition, hash }: AggregateName): string {
  return `${scope.round}/${partition}/${hashHex(hash)}`
}

export const tampering: Lie = parts => {
  const { reduce } = parts
  return {
    ...parts,
    reduce: instead(reduce, {
      hold: (name, bytes) => reduce.hold(name, tampered(bytes)),
      holdAggregate(name, bytes) {
        genuine.set(key(name), bytes.slice())
        return reduce.holdAggregate(name, tampered(bytes))
      },
      aggregate: name => genuine.get(key(name)) ?? reduce.aggregate(name),
      pushAggregate: (to, name, bytes, options) => reduce.pushAggregate(to, name, tampered(bytes), options),
    }),
  }
}
