/** The preset models (GPT-2 on bytes): configurations, parameters, the graphs of a stage, and exports. */
export { countParameters, PRESETS, validateModel } from './config.ts'
export type { Initialisation, ParameterSpec, StageCut } from './parameters.ts'
export { POSITION_EMBEDDING, stageParameters, TOKEN_EMBEDDING } from './parameters.ts'
