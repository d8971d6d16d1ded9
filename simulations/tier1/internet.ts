/** Who listens where, and the connections between them, over the modelled network. */
import type { Network } from '../kernel/network.ts'
import type { SimConnection } from './connection.ts'
import type { SimProcess } from './process.ts'

/** A process that takes connections. */
export interface Door {
  readonly process: SimProcess
  readonly peer: number
  accept(end: SimConnection): void
}

export class Internet {
  readonly network: Network
  /** By address without /p2p. */
  readonly #doors = new Map<string, Door>()
  readonly #connections = new Set<SimConnection>()

  constructor(network: Network) {
    this.network = network
  }

  /** False where somebody listens there already. */
  listen(address: string, door: Door): boolean {
    if (this.doorAt(address) !== null) return false
    this.#doors.set(address, door)
    return true
  }

  close(address: string): void {
    this.#doors.delete(address)
  }

  /** Null where no living process listens. */
  doorAt(address: string): Door | null {
    const door = this.#doors.get(address)
    return door?.process.isAlive === true ? door : null
  }

  keep(connection: SimConnection): void {
    this.#connections.add(connection)
    connection.addEventListener('close', () => this.#connections.delete(connection))
  }

  /** The process was killed: its machine resets what it held open. */
  dropAll(process: SimProcess): void {
    for (const connection of this.#connections) {
      if (connection.process !== process) continue
      this.#connections.delete(connection)
      connection.reset()
    }
    for (const [address, door] of this.#doors) if (door.process === process) this.#doors.delete(address)
  }
}

/** Public addresses, one machine each: what an open network looks like to the address filters. */
export function addressOf(peer: number): string {
  return `/ip4/45.${(peer >> 16) & 0xff}.${(peer >> 8) & 0xff}.${peer & 0xff}/tcp/4001`
}
