export { BadAddress, CannotListen, PortInUse } from './errors.ts'
export { createNetwork } from './network.ts'
export { fileStorage } from './record-storage.ts'
export type * from './types.ts'
