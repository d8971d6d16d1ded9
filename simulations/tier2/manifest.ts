/** The run of a scenario: its workload and times, on a model of some 50,000 parameters, so that a round takes about a second. */
import { loadCorpus } from '../../node/data/index.ts'
import { faultsOf, makeManifest } from '../../node/run/defaults.ts'
import type { Manifest } from '../../protocols/wire/manifest.ts'
import type { Hash } from '../../protocols/wire/messages.ts'
import type { ConcreteScenario } from '../scenario/types.ts'

const MODEL = { preset: 'gpt-tiny', width: 32, heads: 2, feedForward: 64, vocabulary: 256, sequence: 32 } as const
/** A stage holds at least one layer. */
const LAYERS_MIN = 2
const SEQUENCES = 4

/** The manifest, once its chain is known. */
export async function manifestOf({
  swarm,
  chain,
  workload,
  timing,
  seed,
}: ConcreteScenario): Promise<(genesis: Hash, startHeight: number) => Manifest> {
  const corpus = await loadCorpus('moby-dick')
  return (genesis, startHeight) => {
    const manifest = makeManifest({
      model: { ...MODEL, layers: Math.max(LAYERS_MIN, swarm.stages) },
      stages: swarm.stages,
      replicas: swarm.replicas,
      rule: workload.rule,
      encoding: 'bf16',
      f: faultsOf(swarm.replicas),
      seed,
      target: workload.target,
      rounds: workload.rounds,
      corpus: { name: corpus.name, cid: corpus.cid },
      genesis,
      startHeight,
    })
    return {
      ...manifest,
      batch: { ...manifest.batch, sequences: SEQUENCES, slack: workload.slack ?? manifest.batch.slack },
      timeouts: { ...timing },
      chain: {
        ...manifest.chain,
        epochBlocks: chain.epochBlocks ?? manifest.chain.epochBlocks,
        anchorEvery: chain.anchorEvery ?? manifest.chain.anchorEvery,
        rootEvery: workload.rootEvery ?? manifest.chain.rootEvery,
      },
    }
  }
}
