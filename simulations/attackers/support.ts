/** Small moves that attacks share. */
import { hashValue } from '../../protocols/wire/hash.ts'
import type { Hash, PeerName, Proposal, Value } from '../../protocols/wire/messages.ts'
import type { Hands, Parameters } from './types.ts'

export function numberOf(parameters: Parameters, name: string, otherwise: number): number {
  const given = parameters[name]
  return typeof given === 'number' ? given : otherwise
}

/** 32 bytes that are no hash of anything. */
export function noHash(hands: Hands): Hash {
  const bytes = new Uint8Array(32)
  const view = new DataView(bytes.buffer)
  for (let at = 0; at < 32; at += 4) view.setUint32(at, hands.random.bits())
  return bytes
}

/** The siblings in two halves, and one that is in both: whoever hears two stories can tell. */
export function halves(hands: Hands): { readonly first: PeerName[]; readonly second: PeerName[] } {
  const others = hands.siblings.filter(name => !hands.colluders.some(one => one.name === name))
  const middle = Math.ceil(others.length / 2)
  return { first: others.slice(0, middle), second: others.slice(Math.max(0, middle - 1)) }
}

/** Another value that is as valid: without one commitment where that is enough, else with the same under another parent block. */
export function otherValue(hands: Hands, { value }: Proposal): Value {
  const round = hands.round()
  const { commits } = value
  const least =
    round === null
      ? 0
      : Math.max(round.context.group.quorum, round.context.rule.minimumInputs(round.context.faultsTrim))
  if (commits !== 'skip' && commits.length > least) return { ...value, commits: commits.slice(1) }
  const parent = round?.context.parentReference
  if (parent !== undefined && parent.height < value.reference.height) return { ...value, reference: parent }
  return { ...value, commits: 'skip' }
}

export function idOf(value: Value): Hash {
  return hashValue(value)
}
