/** A thread of an engine as it should be, but that a hand beside the first does each command as it is told here. */
import { parentPort, workerData } from 'node:worker_threads'
import type { FromWorker, WorkerInit } from '../../../../../../node/engine/runtime/channel.ts'
import { failureOf } from '../../../../../../node/engine/runtime/failure.ts'
import { obey, type Performer } from '../../../../../../node/engine/runtime/hands/line.ts'
import { planStage } from '../../../../../../node/engine/runtime/init.ts'

const { init, hand, shared }: WorkerInit = workerData

/** @param perform null: it cannot load its graphs, because of `error` */
export async function serveFaulty(perform: Performer | null, error: Error | null = null): Promise<void> {
  const line = shared?.lines[hand - 1]
  const send = (message: FromWorker): void => parentPort!.postMessage(message)
  if (line === undefined) await import('../../../../../../node/engine/runtime/worker.ts')
  else if (perform === null) send({ type: 'failed', id: null, failure: failureOf(error) })
  else {
    send({ type: 'ready', shape: planStage(init).shape })
    await obey(line, perform)
  }
}
