/** A scenario's run: the manifest that the shipped machines read, with start values of the shipped defaults where it says nothing. */
import { makeManifest } from '../../node/run/defaults.ts'
import type { Run } from '../../node/run/folder.ts'
import { manifestId } from '../../protocols/wire/cid.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { FIRST_FINAL } from '../kernel/chain.ts'
import { hashText, RandomStream } from '../kernel/random.ts'
import type { ConcreteScenario } from '../scenario/types.ts'

/** Nothing of the model is computed; its numbers only have to be a model's. */
const MODEL = {
  preset: 'gpt-tiny',
  layers: 2,
  width: 64,
  heads: 4,
  feedForward: 256,
  vocabulary: 256,
  sequence: 128,
} as const

const CORPUS = { name: 'none', cid: 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku' }

export function runOf(scenario: ConcreteScenario): Run {
  const { swarm, workload, timing, chain, seed } = scenario
  const base = makeManifest({
    model: { ...MODEL, layers: Math.max(MODEL.layers, swarm.stages) },
    stages: swarm.stages,
    replicas: swarm.replicas,
    rule: workload.rule,
    encoding: 'f32',
    f: Math.floor((swarm.replicas - 1) / 3),
    seed: seed % 2 ** 31,
    target: workload.target,
    rounds: Math.max(40, workload.rounds),
    corpus: CORPUS,
    genesis: bytesOf('genesis', seed),
    startHeight: FIRST_FINAL,
  })
  const manifest = {
    ...base,
    batch: { ...base.batch, slack: workload.slack ?? base.batch.slack },
    timeouts: { ...timing },
    chain: {
      ...base.chain,
      epochBlocks: chain.epochBlocks ?? base.chain.epochBlocks,
      anchorEvery: chain.anchorEvery ?? base.chain.anchorEvery,
      leaseBlocks: chain.leaseBlocks ?? base.chain.leaseBlocks,
      claimDelayBlocks: chain.claimDelayBlocks ?? base.chain.claimDelayBlocks,
      claimWindowBlocks: chain.claimWindowBlocks ?? base.chain.claimWindowBlocks,
      rootEvery: workload.rootEvery ?? base.chain.rootEvery,
    },
  }
  return { id: manifestId(manifest), manifest }
}

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** Names in the form of Ed25519 peer ids, in no order. */
export function peerNames(count: number, seed: number): PeerName[] {
  const random = new RandomStream(seed, 'names')
  return Array.from({ length: count }, () => {
    let name = '12D3KooW'
    for (let character = 0; character < 44; character++) name += BASE58[random.below(BASE58.length)]
    return name
  })
}

/** 32 bytes that follow from a text. */
export function bytesOf(text: string, seed: number): Uint8Array {
  const bytes = new Uint8Array(32)
  const view = new DataView(bytes.buffer)
  for (let word = 0; word < 8; word++) view.setInt32(4 * word, hashText(`${text} ${word}`, seed))
  return bytes
}
