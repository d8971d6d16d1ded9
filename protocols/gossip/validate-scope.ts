/** What all scoped messages must keep, whatever their kind. */
import { equalBytes } from '../wire/hash.ts'
import type { Scope } from '../wire/messages.ts'
import { type Refusal, refuse } from '../wire/refusals.ts'
import type { GossipContext, GossipInit } from './types.ts'

/** README.md, "Rules for all": the scope MUST name this chain, this run and the stage of the topic. */
export function validateScope(
  scope: Pick<Scope, 'genesis' | 'run' | 'stage'>,
  context: GossipContext,
  init: GossipInit,
): Refusal | null {
  // [REJECT] Topics hold the run's id, so a peer of another run or chain has no business here.
  if (!equalBytes(scope.genesis, init.genesis)) return refuse('wrong-genesis')
  if (scope.run !== init.run) return refuse('wrong-run')
  // [REJECT] The topic is chosen by the author; a message on the wrong one would reach those it does not concern.
  if (scope.stage !== context.stage) return refuse('wrong-stage', `${scope.stage} on the topic of ${context.stage}`)
  return null
}
