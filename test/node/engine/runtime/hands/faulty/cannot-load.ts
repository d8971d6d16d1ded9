import { EngineError } from '../../../../../../node/engine/runtime/errors.ts'
import { serveFaulty } from './serve.ts'

await serveFaulty(null, new EngineError('unsupported-op', 'no such kernel', { node: '/block.0', op: 'Gemm' }))
