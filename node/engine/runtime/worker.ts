/** The compute thread: makes a stage from `workerData`, then does one job after the other (`channel.ts`). */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { freeBuffer } from './buffers.ts'
import { buffersOf, type FromWorker, failureOf, type JobMessage, type ToWorker, type WorkerInit } from './channel.ts'
import { type Compute, openCompute } from './encoded-compute.ts'
import type { JobKind } from './jobs.ts'

async function serve(port: MessagePort, { init, kernels }: WorkerInit): Promise<void> {
  const send = (message: FromWorker): void => port.postMessage(message, buffersOf(message))
  let compute: Compute
  try {
    compute = await openCompute(init, kernels)
  } catch (error) {
    send({ type: 'failed', id: null, failure: failureOf(error) })
    return
  }
  // Graphs run asynchronously at least in name: the chain keeps jobs from overlapping.
  let last = Promise.resolve()
  port.on('message', (message: ToWorker) => {
    last = last.then(async () => {
      if (message.type === 'job') {
        send(await answer(compute, message))
        // What came with the job was handed over and is in the kernels' memory: not to wait for the garbage collector.
        for (const buffer of buffersOf(message.request)) freeBuffer(buffer)
        return
      }
      await compute.dispose()
      port.close()
    })
  })
  send({ type: 'ready', shape: compute.shape })
}

async function answer<K extends JobKind>(compute: Compute, job: JobMessage<K>): Promise<FromWorker> {
  const { id, kind, request, cancel } = job
  try {
    const result = await compute.run(kind, request, () => cancel !== null && Atomics.load(cancel, 0) === 1)
    return { type: 'done', id, result }
  } catch (error) {
    return { type: 'failed', id, failure: failureOf(error) }
  }
}

if (parentPort !== null) await serve(parentPort, workerData)
