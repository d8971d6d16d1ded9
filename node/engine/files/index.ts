/** Models on disk: one file, or one with files of weights beside it. */
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Model, readModel } from '../onnx/index.ts'
import { ExternalFiles } from './external-files.ts'

export { ExternalFiles } from './external-files.ts'

/**
 * The model in the file at `path`; weights that it keeps in other files are read from its folder and those below.
 * @throws OnnxFormatError, also for a file of weights that is missing, too short or outside of the folder
 */
export function readModelFile(path: string): Model {
  return readModel(new Uint8Array(readFileSync(path)), { externalData: new ExternalFiles(dirname(path)) })
}
