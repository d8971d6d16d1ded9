/** The hands of the work machine: data, engine and the activations protocol. */
import type { Hash, Scope } from '../../protocols/wire/messages.ts'
import { microBatch } from '../data/index.ts'
import type { WorkEngine } from './timed-engine.ts'
import type { PeerParts } from './types.ts'
import type { WorkPorts } from './work-driver.ts'

export interface WorkPortsInit {
  readonly parts: PeerParts
  /** Of the own stage in this round. */
  readonly scope: Scope
  readonly engine: WorkEngine
  readonly settled: (count: number, root: Hash) => void
  readonly outside: WorkPorts['outside']
}

export function workPorts({ parts, scope, engine, settled, outside }: WorkPortsInit): WorkPorts {
  const { activations, corpus, run } = parts
  const { model, batch, seed, corpus: text } = run.manifest
  const data = { seed, run: run.id, heldOut: text.heldOut }
  const shape = { sequences: batch.sequences, sequence: model.sequence }
  return {
    engine,
    batch: id => microBatch(corpus, data, id, shape),
    async send(to, { direction, id, tensor, lossMicronats, settledBelow, timeoutMs }, signal) {
      try {
        tensor.outgoing ??= activations.sign({ direction, id, scope, parent: tensor.chain, tensor: tensor.bytes })
        return await activations.send(to, await tensor.outgoing, { lossMicronats, settledBelow, timeoutMs, signal })
      } catch (error) {
        if (!signal.aborted) parts.warn(`a tensor for ${to} could not be sent: ${String(error)}`)
        return { kind: 'failed' }
      }
    },
    abandon(to, id) {
      activations.abandon(to, id).catch(error => parts.warn(`giving up a micro-batch: ${String(error)}`))
    },
    report(to, report) {
      activations.report(to, report).catch(error => parts.warn(`a report for ${to} was not sent: ${String(error)}`))
    },
    outside,
    settled,
    warning: parts.warn,
  }
}
