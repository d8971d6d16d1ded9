/** The run of a scenario: a model small enough that computing it is not what a simulation costs, cut into the stages asked for. */
import { createHash } from 'node:crypto'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { Bond } from '../../consensus/chain/types.ts'
import { beaconOf, dealStages } from '../../consensus/election/index.ts'
import type { Corpus } from '../../node/data/index.ts'
import { faultsOf, makeManifest, STAKE_FLOOR } from '../../node/run/defaults.ts'
import type { Run } from '../../node/run/folder.ts'
import { manifestId } from '../../protocols/wire/cid.ts'
import { compareText } from '../../protocols/wire/hash.ts'
import type { Hash, PeerName } from '../../protocols/wire/messages.ts'
import { FIRST_FINAL } from '../kernel/chain.ts'
import type { ConcreteScenario } from '../scenario/types.ts'

const MODEL = { preset: 'gpt-tiny', width: 16, heads: 2, feedForward: 32, vocabulary: 256, sequence: 16 } as const
const SEQUENCES = 4
/** Steeper than a real run's: a dozen rounds must show whether the stage learns. */
const LEARNING_RATE = 1e-2
const WARM_UP_ROUNDS = 2

export function simRun(scenario: ConcreteScenario, genesis: Hash, corpus: Corpus): Run {
  const { swarm, workload, timing, chain, seed } = scenario
  const manifest = makeManifest({
    model: { ...MODEL, layers: swarm.stages },
    stages: swarm.stages,
    replicas: swarm.replicas,
    rule: workload.rule,
    encoding: 'f32',
    f: faultsOf(swarm.replicas),
    seed: seed % 0x7fff_ffff,
    target: workload.target,
    rounds: workload.rounds,
    corpus: { name: corpus.name, cid: corpus.cid },
    genesis,
    startHeight: FIRST_FINAL,
  })
  const whole = {
    ...manifest,
    batch: { ...manifest.batch, sequences: SEQUENCES, slack: workload.slack ?? manifest.batch.slack },
    optimizer: { ...manifest.optimizer, learningRate: LEARNING_RATE, warmupRounds: WARM_UP_ROUNDS },
    timeouts: { ...timing },
    chain: {
      ...manifest.chain,
      epochBlocks: chain.epochBlocks ?? manifest.chain.epochBlocks,
      anchorEvery: chain.anchorEvery ?? manifest.chain.anchorEvery,
      rootEvery: workload.rootEvery ?? manifest.chain.rootEvery,
    },
  }
  return { id: manifestId(whole), manifest: whole }
}

/** Who a peer is, in every run of a seed. */
export interface Identity {
  readonly key: Ed25519PrivateKey
  readonly name: PeerName
  readonly stage: number
}

/** @param startHash - of block S, whose beacon deals. The order of the deal numbers the peers: peer i sits in stage i modulo the number of stages. */
export async function dealtPeers(run: Run, startHash: Hash, seed: number): Promise<Identity[]> {
  const { stages, replicas } = run.manifest
  const keys = await Promise.all(Array.from({ length: stages * replicas }, (_, peer) => keyOf(seed, `peer ${peer}`)))
  const byName = new Map(keys.map(key => [peerIdFromPrivateKey(key).toString(), key]))
  const dealt = dealStages(beaconOf(startHash, run.id, 0), run.id, [...byName.keys()].sort(compareText), stages)
  return [...dealt].map(([name, stage]) => ({ name, stage, key: byName.get(name)! }))
}

/** A key that follows from the seed. */
export function keyOf(seed: number, whose: string): Promise<Ed25519PrivateKey> {
  const secret = createHash('sha256').update(`swarm-node simulation ${seed} ${whose}`).digest()
  return generateKeyPairFromSeed('Ed25519', new Uint8Array(secret))
}

/** @param stakes - by peer, in units of the floor */
export function bondsOf(peers: readonly Identity[], stakes: readonly number[]): Bond[] {
  return peers
    .map(({ name }, peer) => ({
      peer: name,
      account: `account of peer ${peer}`,
      stake: BigInt(Math.round((stakes[peer] ?? 1) * STAKE_FLOOR)),
    }))
    .sort((a, b) => compareText(a.peer, b.peer))
}
