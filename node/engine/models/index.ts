/**
 * The preset models: GPT-2's architecture on bytes, cut into stages.
 *
 * How to read it: `config.ts` has the sizes, `parameters.ts` the names, shapes and initialisation, `gpt.ts` the model itself
 * (one screen; compare nanoGPT's model.py), `loss.ts` the cross-entropy. `stage-graphs.ts` puts a stage's blocks into the
 * ONNX graphs that the runtime runs: the backward graph is the forward one walked backwards by `../autodiff`. A training step
 * of a stage is then: run `backward`, add up the `d.*` outputs, and let the optimiser (`../kernels`) change the parameters,
 * which are inputs of every graph. `export-onnx.ts` and `safetensors.ts` are the ways out.
 */
export { countParameters, PRESETS, validateModel } from './config.ts'
export type { NamedTensor } from './export-onnx.ts'
export { exportModel } from './export-onnx.ts'
export type { Initialisation, ParameterSpec, StageCut } from './parameters.ts'
export { POSITION_EMBEDDING, stageParameters, TOKEN_EMBEDDING } from './parameters.ts'
export type { SafetensorsFault, SafetensorsFile } from './safetensors.ts'
export { exportSafetensors, readSafetensors, SafetensorsError } from './safetensors.ts'
export type { StageGraphs } from './stage-graphs.ts'
export { buildStageGraphs } from './stage-graphs.ts'
