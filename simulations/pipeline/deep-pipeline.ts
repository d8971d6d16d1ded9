import { scenario } from '../scenario/defaults.ts'

/**
 * Eight stages of four at 100 ms there and back and 100 Mbit/s: 512 micro-batches of 1 x 1,024 tokens, d 2,048 as int8; 100 M parameters
 * a stage, gradients as int8. As everywhere, all stages but the head compute the forward again beside the backward.
 */
export const deepPipeline = scenario({
  name: 'deep-pipeline',
  about: 'Eight stages across the internet, full of work: how much of the time the machines compute.',
  swarm: { stages: 8, replicas: 4 },
  peer: { upMbps: 100, downMbps: 100 },
  // 20 ms between two homes, and 0 to 60 more.
  network: { jitterMs: 30 },
  workload: {
    // The target is reached in round 9.
    rounds: 11,
    target: 512,
    forwardMs: 400,
    backwardMs: 800,
    boundaryBytes: 2 * 1024 * 1024,
    // 96 partitions of 1.04 MB.
    gradientValues: 1_536,
    gradientBytes: 100_000_000,
    // As a run has it: what a neighbour's checkpoint costs is not in the rounds that are measured.
    rootEvery: 16,
  },
  limitMs: 3_600_000,
  timing: { roundMs: 600_000, drainMs: 10_000, hopMs: 60_000, proposeMs: 30_000, reduceMs: 30_000 },
})
