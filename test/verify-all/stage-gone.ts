/** A real stage of which nobody is left: spares go on from the checkpoint that the next stage keeps (consensus/recovery). */
import { type Heard, Swarm } from '../e2e/harness/index.ts'
import { bondAndStart, goOn, type Lost, PATIENCE_MS, RUN } from './quorum-lost.ts'
import type { LongCheck } from './types.ts'

/** The head, whose checkpoints stage 0 keeps. */
const STAGE = 1
/** Two full roots, and the rounds until they are fetched. */
const ROUNDS_BEFORE = 11
/** What the other stage decided since the checkpoint, while this one was lost: a round of its own, and empty ones. */
const ROUNDS_AHEAD = 8

export const stageGone: LongCheck = {
  name: 'stage gone',
  claim:
    'a stage that loses all of its replicas for good goes on with 4 spares, who never saw any of them, from the checkpoint that the next stage keeps; its status says what it keeps, and anybody can verify what became of it',
  async run() {
    const swarm = await Swarm.create({ ...RUN, stages: 2, replicas: 4, spares: 4 })
    try {
      const bootstrap = swarm.replicasOf(0).slice(0, 2)
      swarm.start(swarm.indices(), { bootstrap })
      await swarm.certified(ROUNDS_BEFORE, PATIENCE_MS)
      const isOf = (one: Extract<Heard, { event: 'checkpoint.kept' }>): boolean => one.stage === STAGE
      const kept = await swarm.waitFor('checkpoint.kept', isOf, 'a checkpoint to be kept', { timeoutMs: PATIENCE_MS })
      const victims = swarm.replicasOf(STAGE)
      await Promise.all(victims.map(index => swarm.kill(index)))
      const lost: Lost = { stage: STAGE, victims, since: swarm.log.mark }
      await bondAndStart(swarm, bootstrap)
      const went = await goOn(swarm, lost, ROUNDS_AHEAD)
      const isBy = (one: Extract<Heard, { event: 'stage.recovered' }>): boolean => one.stage === STAGE
      const patience = { since: lost.since, timeoutMs: PATIENCE_MS }
      const { by, base } = await swarm.waitFor('stage.recovered', isBy, 'it to be re-formed', patience)
      if (by !== 'checkpoint') throw new Error(`it goes on by ${by} from round ${base}`)
      await saysSo(swarm, kept.peerIndex)
      return `round ${kept.round} was kept; all ${victims.length} seats of stage ${STAGE} gone: ${went}`
    } finally {
      await swarm.stopAll()
    }
  },
}

/** Its status still tells it after it has ended. */
async function saysSo(swarm: Swarm, keeper: number): Promise<void> {
  const { output } = await swarm.command('status', keeper)
  const { status } = JSON.parse(output)
  if (status?.kept?.stage !== STAGE) throw new Error(`the status of a keeper does not say so: ${output}`)
}
