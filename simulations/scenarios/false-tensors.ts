import { scenario } from '../scenario/defaults.ts'

export const falseTensors = scenario({
  name: 'false-tensors',
  about:
    'One replica sends activations ten times as large and turned round, one of the next stage gradients a thousand times as long: siblings have told each other what theirs look like, so these are refused and others compute them.',
  tiers: [1],
  workload: { rounds: 12 },
  attackers: [
    { attack: 'wrong-forward', who: { peers: [0] } },
    { attack: 'wrong-backward', who: { peers: [1] } },
  ],
  reaches: ['tensor-refused'],
})
