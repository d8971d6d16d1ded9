import { real } from './base.ts'

export const realLiars = real({
  name: 'real-liars',
  about:
    'One replica of a stage votes twice and one of the other never proposes: the first is proven, the second replaced.',
  workload: { rounds: 12 },
  attackers: [
    { attack: 'double-vote', who: { peers: [2] } },
    { attack: 'silent-leader', who: { peers: [3] } },
  ],
  reaches: ['evidence/double-prevote', 'view-changed'],
})
