/** What must be true of what all peers said, whatever happened to them. */
import { expect } from 'chai'
import { type Ended, runProgram } from './program.ts'
import type { Swarm } from './swarm.ts'

/** No two peers were told different states of one round, and each stage's rounds follow each other without a gap. */
export function expectOneHistory(swarm: Swarm): void {
  const states = new Map<string, string>()
  for (const { stage, round, state } of swarm.log.of('round.certified')) {
    const key = `stage ${stage}, round ${round}`
    expect(states.get(key) ?? state, key).to.equal(state)
    states.set(key, state)
  }
  for (const stage of swarm.stages()) {
    for (let round = 1; round <= swarm.certifiedOf(stage); round++)
      expect(states.has(`stage ${stage}, round ${round}`), `stage ${stage}, round ${round} is certified`).to.equal(true)
  }
}

/** `swarm-node verify` over all folders; the peers must have stopped. */
export function verify(swarm: Swarm): Promise<Ended> {
  return runProgram(['verify', '--data', swarm.folder.root, '--chain', swarm.chainUrl, '--json'])
}
