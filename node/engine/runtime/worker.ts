/**
 * A thread of an engine. The compute thread makes a stage from `workerData`, then does one job after the other (`channel.ts`);
 * its other hands do what it tells them through the memory that they share (`hands/`).
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { freeBuffer } from './buffers.ts'
import { buffersOf, type FromWorker, type JobMessage, type ToWorker, type WorkerInit } from './channel.ts'
import { type Compute, openCompute } from './encoded-compute.ts'
import { failureOf } from './failure.ts'
import { Hand } from './hands/hand.ts'
import { HandLost } from './hands/line.ts'
import type { SharedMemory } from './hands/shared.ts'
import type { JobKind } from './jobs.ts'

function sender(port: MessagePort): (message: FromWorker) => void {
  return message => port.postMessage(message, buffersOf(message))
}

async function serve(port: MessagePort, init: WorkerInit): Promise<void> {
  const send = sender(port)
  let compute: Compute
  try {
    compute = await openCompute(init)
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
    // Not caught by anybody: the thread ends, and with it the engine.
    if (error instanceof HandLost) throw error
    return { type: 'failed', id, failure: failureOf(error) }
  }
}

async function serveHand(port: MessagePort, init: WorkerInit, shared: SharedMemory): Promise<void> {
  const send = sender(port)
  let hand: Hand
  try {
    hand = await Hand.create(init, shared)
  } catch (error) {
    send({ type: 'failed', id: null, failure: failureOf(error) })
    return
  }
  send({ type: 'ready', shape: hand.shape })
  await hand.work()
  await hand.dispose()
}

if (parentPort !== null) {
  const init: WorkerInit = workerData
  if (init.hand === 0 || init.shared === null) await serve(parentPort, init)
  else await serveHand(parentPort, init, init.shared)
}
