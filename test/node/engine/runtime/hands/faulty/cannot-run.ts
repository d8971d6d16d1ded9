import { EngineError } from '../../../../../../node/engine/runtime/errors.ts'
import { serveFaulty } from './serve.ts'

await serveFaulty(async command => {
  if (command === 'head') throw new EngineError('internal', 'no room for the tensor')
  return 'done'
})
