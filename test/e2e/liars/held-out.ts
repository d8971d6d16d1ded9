/** The held-out loss of what a swarm has certified, measured here: a liar that measured could say anything. */
import { heldOutBatches, loadCorpus } from '../../../node/data/index.ts'
import type { StageEngine } from '../../../node/engine/runtime/types.ts'
import { rebuild } from '../../../node/export/history.ts'
import { openSources } from '../../../node/export/model.ts'
import { readSeat } from '../../../node/run/folder.ts'
import type { Swarm } from '../harness/index.ts'

export const HELD_OUT_BATCHES = 8

/** Mean loss, nats a byte, of the state after `round`; from the folders of these peers, which need not have stopped. */
export async function heldOutLoss(swarm: Swarm, peers: readonly number[], round: number): Promise<number> {
  const { run } = swarm
  const { model, batch, corpus } = run.manifest
  const folders = peers.map(index => swarm.folder.peer(index))
  const sources = await openSources(folders, run, readSeat)
  const engines: StageEngine[] = []
  try {
    for (const source of sources) engines.push((await rebuild(source, run, round, AbortSignal.timeout(60_000))).engine)
    const shape = { sequences: batch.sequences, sequence: model.sequence }
    const batches = heldOutBatches(await loadCorpus('moby-dick'), HELD_OUT_BATCHES, shape, corpus.heldOut)
    let sum = 0
    for (const { tokens, targets } of batches) {
      let activation = tokens
      for (const engine of engines.slice(0, -1)) activation = await engine.forward(activation)
      sum += await engines.at(-1)!.evaluate(activation, targets)
    }
    return sum / batches.length
  } finally {
    for (const engine of engines) await engine.dispose()
    for (const { store } of sources) await store.close()
  }
}
