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

type OnSegment = (from: number, to: number, bytes: number, arrivalMs: number | null) => void

/** Headers of a segment, bytes. */
const HEADER_BYTES = 40
const CELL_BYTES = 64
/** From this size on a segment queues for the links' rates, bytes. */
const BULK_BYTES = 16 * 1024

export class Internet {
  readonly network: Network
  readonly #onSegment: OnSegment
  /** By address without /p2p. */
  readonly #doors = new Map<string, Door>()
  readonly #connections = new Set<SimConnection>()

  constructor(network: Network, onSegment: OnSegment) {
    this.network = network
    this.#onSegment = onSegment
  }

  /** Sends a segment; null where the link is cut and nothing arrives. */
  send(from: number, to: number, bytes: number, deliver: () => void): number | null {
    // In whole cells: how long a number is written is not worth another order of arrival.
    const cells = Math.ceil((bytes + HEADER_BYTES) / CELL_BYTES) * CELL_BYTES
    const arrivalMs = this.network.send(from, to, cells, bytes < BULK_BYTES ? 'control' : 'bulk', deliver)
    this.#onSegment(from, to, cells, arrivalMs)
    return arrivalMs
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

/** Where a machine listens that has not moved. */
export const FIRST_PORT = 4001

/** Public addresses, one machine each: what an open network looks like to the address filters. */
export function addressOf(peer: number, port = FIRST_PORT): string {
  return `/ip4/45.${(peer >> 16) & 0xff}.${(peer >> 8) & 0xff}.${peer & 0xff}/tcp/${port}`
}
