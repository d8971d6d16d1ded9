/** What tests with real processes are written with. */
export type { Heard } from './event-log.ts'
export { expectOneHistory, verify } from './history.ts'
export type { TinyRun } from './manifest.ts'
export { type Ended, type Program, type ProgramOptions, runProgram, startProgram } from './program.ts'
export { type StartOptions, Swarm } from './swarm.ts'
