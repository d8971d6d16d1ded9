import { scenario } from '../scenario/defaults.ts'

export const falseTensors = scenario({
  name: 'false-tensors',
  about:
    'False activations from one replica, false gradients from one of the next stage: refused, as siblings know what theirs are like.',
  tiers: [1],
  workload: { rounds: 12 },
  attackers: [
    { attack: 'wrong-forward', who: { peers: [0] } },
    { attack: 'wrong-backward', who: { peers: [1] } },
  ],
  reaches: ['tensor-refused'],
})
