/** Models on disk: one file, or one with files of weights beside it. */
import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { MAX_MODEL_BYTES, type Model, OnnxFormatError, readModel } from '../onnx/index.ts'
import { ExternalFiles } from './external-files.ts'

export { ExternalFiles } from './external-files.ts'

/**
 * The model in the file at `path`; weights that it keeps in other files are read from its folder and those below.
 * @throws OnnxFormatError, also for a file of weights that is missing, too short or outside of the folder
 */
export function readModelFile(path: string): Model {
  // Asked before, because a file that large is not read in one piece either.
  if (statSync(path).size > MAX_MODEL_BYTES)
    throw new OnnxFormatError('over-limit', 0, `'${path}' has more than ${MAX_MODEL_BYTES} bytes`)
  return readModel(new Uint8Array(readFileSync(path)), { externalData: new ExternalFiles(dirname(path)) })
}
