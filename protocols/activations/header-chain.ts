/**
 * The chain of signed headers of a boundary tensor (README.md, "Header chain"): forward through stages 0 to s - 1, or
 * through all stages but the last and back. A walker over the expected hops; each rule refuses with its own reason.
 */
import { PROTOCOL_VERSION } from '../wire/constants.ts'
import { open } from '../wire/envelope.ts'
import { equalBytes, isZeroHash } from '../wire/hash.ts'
import type { Boundary, Hash, MicroBatchId, PeerName, Signed } from '../wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../wire/refusals.ts'
import { MAX_SEQUENCE, ROUNDS_AHEAD } from './constants.ts'
import type { ActivationsPolicy, ActivationsRun, Direction } from './types.ts'

interface Hop {
  readonly stage: number
  readonly direction: Direction
}

export interface CheckedChain {
  readonly id: MicroBatchId
  readonly path: readonly PeerName[]
}

/** The hops whose headers a tensor brings to `stage`, oldest first. */
export function expectedHops(direction: Direction, stage: number, stages: number): readonly Hop[] {
  const last = stages - 1
  // The head gets no gradient, it makes them.
  if (direction === 'backward' && stage >= last) return []
  const down = Array.from({ length: direction === 'forward' ? stage : last }, (_, at) => ({
    stage: at,
    direction: 'forward' as const,
  }))
  const up = Array.from({ length: direction === 'forward' ? 0 : last - stage }, (_, at) => ({
    stage: last - at,
    direction: 'backward' as const,
  }))
  return [...down, ...up]
}

/**
 * Opens and checks a chain. The newest header comes first: it costs one signature check to find out that the sender has
 * no business here.
 */
export async function checkChain(
  envelopes: readonly Uint8Array[],
  received: { readonly direction: Direction; readonly from: PeerName; readonly content: Hash },
  run: ActivationsRun,
  policy: ActivationsPolicy,
): Promise<CheckedChain | Refusal> {
  const { direction, from } = received
  const hops = expectedHops(direction, run.stage, run.stages)
  if (hops.length === 0) return refuse('wrong-stage', `nothing comes ${direction} to stage ${run.stage}`)
  if (envelopes.length !== hops.length) {
    return refuse('out-of-bounds', `${envelopes.length} headers where ${hops.length} are due`)
  }
  const newest = await open(envelopes[hops.length - 1]!, { kinds: ['boundary'] })
  if (isRefusal(newest)) return newest
  if (newest.signer !== from) return refuse('not-allowed', "the newest header is not the sender's")
  const fault = headerFault(newest, hops[hops.length - 1]!, newest.payload, run, policy) ?? windowFault(newest, policy)
  if (fault !== null) return fault
  if (!equalBytes(newest.payload.content, received.content)) return refuse('wrong-hash', 'the tensor')
  const older = await Promise.all(envelopes.slice(0, -1).map(envelope => open(envelope, { kinds: ['boundary'] })))
  const chain: Signed<Boundary>[] = []
  for (const [at, header] of [...older, newest].entries()) {
    if (isRefusal(header)) return header
    const wrong = headerFault(header, hops[at]!, newest.payload, run, policy) ?? linkFault(header, chain.at(-1))
    if (wrong !== null) return wrong
    chain.push(header)
  }
  return holdersOf(chain, direction, run)
}

/** Scope, seat and hop of one header, against what the newest one says. */
function headerFault(
  { payload, signer }: Signed<Boundary>,
  hop: Hop,
  newest: Boundary,
  run: ActivationsRun,
  policy: ActivationsPolicy,
): Refusal | null {
  const { scope } = payload
  if (scope.version !== PROTOCOL_VERSION) return refuse('wrong-version', `version ${scope.version}`)
  if (!equalBytes(scope.genesis, run.genesis)) return refuse('wrong-genesis')
  if (scope.run !== run.run) return refuse('wrong-run')
  if (scope.stage !== hop.stage) return refuse('wrong-stage', `stage ${scope.stage} where ${hop.stage} is due`)
  if (payload.direction !== hop.direction) return refuse('not-allowed', `${payload.direction} at stage ${hop.stage}`)
  const seats = policy.seats(scope.epoch, scope.stage)
  if (seats === null) return refuse('wrong-epoch', `epoch ${scope.epoch}`)
  if (!equalBytes(seats.hash, scope.group)) return refuse('wrong-group')
  if (!seats.has(signer)) return refuse('no-seat')
  if (payload.sequence > MAX_SEQUENCE) return refuse('out-of-bounds', `sequence ${payload.sequence}`)
  const same =
    scope.round === newest.scope.round && payload.source === newest.source && payload.sequence === newest.sequence
  return same ? null : refuse('not-allowed', 'headers of different micro-batches')
}

function windowFault({ payload: { scope } }: Signed<Boundary>, policy: ActivationsPolicy): Refusal | null {
  const round = policy.round()
  if (scope.round < round) return refuse('stale-round', `round ${scope.round}, here ${round}`)
  return scope.round > round + ROUNDS_AHEAD ? refuse('future-round', `round ${scope.round}, here ${round}`) : null
}

function linkFault({ payload, signer }: Signed<Boundary>, before: Signed<Boundary> | undefined): Refusal | null {
  if (before !== undefined) {
    return equalBytes(payload.parent, before.payload.content) ? null : refuse('wrong-hash', 'a link of the chain')
  }
  if (payload.source !== signer) return refuse('not-allowed', "the first header is not the source's")
  return isZeroHash(payload.parent) ? null : refuse('wrong-hash', 'the source has no parent')
}

/** Each stage was held by one peer, forward and back; a gradient must be of what this peer sent. */
function holdersOf(
  chain: readonly Signed<Boundary>[],
  direction: Direction,
  { self, stage, stages }: ActivationsRun,
): CheckedChain | Refusal {
  const path: PeerName[] = []
  for (const { signer, payload } of chain) {
    const holder = (path[payload.scope.stage] ??= signer)
    if (holder !== signer) return refuse('not-allowed', `two holders of stage ${payload.scope.stage}`)
  }
  if (direction === 'backward' && path[stage] !== self) return refuse('not-allowed', 'a gradient for another peer')
  const due = direction === 'forward' ? stage : stages
  if (path.length !== due) return refuse('out-of-bounds', `${path.length} holders where ${due} are due`)
  const { source, sequence, scope } = chain[0]!.payload
  return { id: { round: scope.round, source, sequence }, path }
}
