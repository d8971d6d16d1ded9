/** The end of a place in a stage. */
import type { PeerInit } from './environment.ts'
import type { Overlay } from './overlay.ts'
import type { Seat } from './seat.ts'
import type { Services } from './services.ts'

/** Every part is stopped, whatever happens to the others; the network after those that use it. */
export async function stopStage({ bus }: PeerInit, seat: Seat, overlay: Overlay, services: Services): Promise<void> {
  const { network, gossip, discovery } = overlay
  const { self, engine, stageState, store, journal, reporter } = seat
  gossip.stop()
  const steps: readonly (() => Promise<void>)[] = [
    () => discovery.stop(),
    ...Object.values(services).map(service => () => service.stop()),
    async () => bus.emit('traffic', { peer: self, sentBytes: network.bytes().byKind }),
    () => network.stop(),
    () => engine.dispose(),
    () => stageState.flush(),
    () => store.close(),
    () => journal.close(),
  ]
  for (const step of steps) {
    await step().catch(error => reporter.warning(`stopping: ${error instanceof Error ? error.message : String(error)}`))
  }
}
