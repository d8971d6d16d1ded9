/** libp2p makes a logger for every connection and stream, and formats for nobody: a thirtieth of a starting peer's time. */
import type { ComponentLogger, Logger } from '@libp2p/interface'

const silent: Logger = Object.assign(() => undefined, {
  error: () => undefined,
  trace: () => undefined,
  enabled: false,
  newScope: () => silent,
})

export const silence: ComponentLogger = { forComponent: () => silent }
