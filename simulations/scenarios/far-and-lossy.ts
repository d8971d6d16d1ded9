import { scenario } from '../scenario/defaults.ts'
import { GRADIENT_BYTES, REPLICAS } from './absent-each-round.ts'

export const farAndLossy = scenario({
  name: 'far-and-lossy',
  about: 'Sixteen seats, every link 200 +- 100 ms long, and a tenth of all packets lost and sent again.',
  swarm: { stages: 1, replicas: REPLICAS },
  // A packet is missed after there and back.
  network: { loss: 0.1, retransmitMs: 400, delayMs: 100, jitterMs: 100 },
  workload: { rounds: 5, target: 4 * REPLICAS, gradientBytes: GRADIENT_BYTES },
})
