/** libp2p makes a logger for every stream and formats for nobody: half a simulation's small costs. */
import type { ComponentLogger, Logger } from '@libp2p/interface'

const silent: Logger = Object.assign(() => undefined, {
  error: () => undefined,
  trace: () => undefined,
  enabled: false,
  newScope: () => silent,
})

export const silence: ComponentLogger = { forComponent: () => silent }
