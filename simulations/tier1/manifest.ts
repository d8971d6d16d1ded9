/** The run of a scenario: a model small enough that computing it is not what a simulation costs, cut into the stages asked for. */
import { createHash } from 'node:crypto'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { beaconOf, dealStages } from '../../consensus/election/index.ts'
import type { Bond } from '../../consensus/chain/types.ts'
import type { Corpus } from '../../node/data/index.ts'
import { makeManifest, faultsOf, STAKE_FLOOR } from '../../node/run/defaults.ts'
import type { Run } from '../../node/run/folder.ts'
import { manifestId } from '../../protocols/wire/cid.ts'
import type { Hash, PeerName } from '../../protocols/wire/messages.ts'
import { FIRST_FINAL } from '../kernel/chain.ts'
import type { ConcreteScenario } from '../scenario/types.ts'

const MODEL = { preset: 'gpt-tiny', width: 16, heads: 2, feedForward: 32, vocabulary: 256, sequence: 16 } as const
const SEQUENCES = 4
/** Steeper than a real run's: a dozen rounds must show whether the stage learns. */
const LEARNING_RATE = 1e-2
const WARM_UP_ROUNDS = 2

export function simRun(scenario: ConcreteScenario, genesis: Hash, corpus: Corpus): Run {
  const { swarm, workload, timing, seed } = scenario
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
    batch: { ...manifest.batch, sequences: SEQUENCES },
    optimizer: { ...manifest.optimizer, learningRate: LEARNING_RATE, warmupRounds: WARM_UP_ROUNDS },
    timeouts: { ...timing },
  }
  return { id: manifestId(whole), manifest: whole }
}

/** Who a peer is, in every run of a seed. */
export interface Identity {
  readonly key: Ed25519PrivateKey
  readonly name: PeerName
}

export function identities(seed: number, peers: number): Promise<Identity[]> {
  return Promise.all(
    Array.from({ length: peers }, async (_, peer) => {
      const secret = createHash('sha256').update(`swarm-node simulation ${seed} peer ${peer}`).digest()
      const key = await generateKeyPairFromSeed('Ed25519', new Uint8Array(secret))
      return { key, name: peerIdFromPrivateKey(key).toString() }
    }),
  )
}

export function bondsOf(scenario: ConcreteScenario, peers: readonly Identity[], stakes: readonly number[]): Bond[] {
  return peers
    .map(({ name }, peer) => ({
      peer: name,
      account: `account-of-peer-${peer}-of-${scenario.name}`,
      stake: BigInt(Math.max(1, Math.round((stakes[peer] ?? 1) * STAKE_FLOOR))),
    }))
    .sort((a, b) => (a.peer < b.peer ? -1 : 1))
}

/** The stage that the beacon deals to each peer, by index. */
export function dealt(run: Run, startHash: Hash, peers: readonly Identity[]): number[] {
  const names = peers.map(({ name }) => name)
  const stageOf = dealStages(beaconOf(startHash, run.id, 0), run.id, [...names].sort(), run.manifest.stages)
  return names.map(name => stageOf.get(name) ?? -1)
}
