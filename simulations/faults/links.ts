/** Links and partitions, alike in every tier with a modelled network. */
import type { LinkRule, Network } from '../kernel/network.ts'
import type { FaultStart, Struck } from './types.ts'

/** What a world must have for them. */
interface LinkedWorld {
  readonly network: Network
  readonly time: { readonly nowMs: number }
}
interface Linked {
  readonly index: number
}

type RuleEffect = Omit<LinkRule, 'from' | 'to' | 'random' | 'across'>

/** On all links of these peers, in both directions. */
function onLinks({ world, peers, random }: Struck<LinkedWorld, Linked>, effect: RuleEffect): () => void {
  const indices = new Set(peers.map(peer => peer.index))
  const rules: LinkRule[] = [
    { from: indices, to: null, random, ...effect },
    { from: null, to: indices, random, ...effect },
  ]
  return withRules(world, rules)
}

function withRules({ network }: LinkedWorld, rules: readonly LinkRule[]): () => void {
  for (const rule of rules) network.add(rule)
  return () => {
    for (const rule of rules) network.remove(rule)
  }
}

const always = (): boolean => true

export const LINK_FAULTS: Readonly<Record<string, FaultStart<LinkedWorld, Linked>>> = {
  loss: struck => onLinks(struck, { loss: struck.number('loss') }),
  delay: struck => onLinks(struck, { delayMs: struck.number('delayMs') }),
  jitter: struck => onLinks(struck, { jitterMs: struck.number('jitterMs') }),
  bandwidth: struck =>
    onLinks(struck, { rate: struck.number('rate'), rateUntilMs: struck.world.time.nowMs + struck.durationMs }),
  duplicate: struck => onLinks(struck, { duplicate: struck.number('share') }),
  reorder: struck => onLinks(struck, { reorder: struck.number('share'), reorderMs: struck.number('reorderMs') }),
  partition: ({ world, peers, random }) => {
    const across = new Set(peers.map(peer => peer.index))
    return withRules(world, [{ from: null, to: null, across, isCut: always, random }])
  },
  'partition-one-way': ({ world, peers, random }) => {
    const from = new Set(peers.map(peer => peer.index))
    return withRules(world, [{ from, to: null, across: from, isCut: always, random }])
  },
  'partition-partial': ({ world, peers, random }) => {
    const among = new Set(peers.map(peer => peer.index))
    return withRules(world, [{ from: among, to: among, isCut: always, random }])
  },
  flapping: struck => {
    const { world } = struck
    const periodMs = struck.number('periodMs')
    const startMs = world.time.nowMs
    return onLinks(struck, { isCut: () => (world.time.nowMs - startMs) % periodMs < periodMs / 2 })
  },
}
