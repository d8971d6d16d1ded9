/** libp2p's transport over the simulated internet. It takes TCP addresses, so that filters and address books do their work. */
import {
  type ComponentLogger,
  type Connection,
  type CreateListenerOptions,
  type DialTransportOptions,
  ListenError,
  type Listener,
  type ListenerEvents,
  serviceCapabilities,
  type Transport,
  TypedEventEmitter,
  transportSymbol,
} from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { SimConnection, unreachable } from './connection.ts'
import { addressOf, type Door, type Internet } from './internet.ts'
import type { SimProcess } from './process.ts'

export interface SimTransportInit {
  readonly internet: Internet
  readonly process: SimProcess
  readonly peer: number
}

type Components = { readonly logger: ComponentLogger }

/** The port from which a peer's own dials come, so that a dialled peer cannot dial back by it. */
const EPHEMERAL_PORT = 50_000

export function simTransport(init: SimTransportInit) {
  return (components: Components): Transport => new SimTransport(init, components)
}

class SimTransport implements Transport {
  readonly [transportSymbol] = true
  readonly [Symbol.toStringTag] = 'simulated-tcp'
  readonly [serviceCapabilities]: string[] = ['@libp2p/transport']
  readonly #init: SimTransportInit
  readonly #components: Components
  #dials = 0

  constructor(init: SimTransportInit, components: Components) {
    this.#init = init
    this.#components = components
  }

  async dial(address: Multiaddr, options: DialTransportOptions): Promise<Connection> {
    const { internet, process, peer } = this.#init
    const door = await this.#knock(address, options.signal)
    const name = `${peer}.${this.#dials++}`
    const log = this.#components.logger.forComponent(`libp2p:sim:${name}`)
    const from = multiaddr(addressOf(peer).replace(/\d+$/, String(EPHEMERAL_PORT + (this.#dials % 10_000))))
    const near = new SimConnection({
      internet,
      process,
      from: peer,
      to: door.peer,
      remoteAddr: address,
      direction: 'outbound',
      log,
    })
    const far = new SimConnection({
      internet,
      process: door.process,
      from: door.peer,
      to: peer,
      remoteAddr: from,
      direction: 'inbound',
      log,
    })
    SimConnection.join(near, far)
    internet.keep(near)
    internet.keep(far)
    door.process.fire(() => door.accept(far))
    try {
      return await options.upgrader.upgradeOutbound(near, options)
    } catch (error) {
      near.abort(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  }

  createListener(options: CreateListenerOptions): Listener {
    return new SimListener(this.#init, options)
  }

  listenFilter = (addresses: Multiaddr[]): Multiaddr[] => addresses.filter(isTcp)

  dialFilter = (addresses: Multiaddr[]): Multiaddr[] => addresses.filter(isTcp)

  /** SYN and SYN-ACK: a round trip; a cut link answers never, a closed port at once. */
  #knock(address: Multiaddr, signal: AbortSignal): Promise<Door> {
    const { internet, peer, process } = this.#init
    const key = bare(address)
    const { promise, resolve, reject } = Promise.withResolvers<Door>()
    const onAbort = (): void => reject(signal.reason)
    if (signal.aborted) return Promise.reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    const target = peerAt(key)
    const answer = (): void =>
      process.fire(() => {
        const door = internet.doorAt(key)
        if (door === null) reject(unreachable(key))
        else resolve(door)
      })
    if (target === null) reject(unreachable(key))
    else internet.send(peer, target, 0, () => internet.send(target, peer, 0, answer))
    return promise.finally(() => signal.removeEventListener('abort', onAbort))
  }
}

class SimListener extends TypedEventEmitter<ListenerEvents> implements Listener {
  readonly #init: SimTransportInit
  readonly #options: CreateListenerOptions
  readonly #stop = new AbortController()
  #address: Multiaddr | null = null

  constructor(init: SimTransportInit, options: CreateListenerOptions) {
    super()
    this.#init = init
    this.#options = options
  }

  async listen(address: Multiaddr): Promise<void> {
    const { internet, process, peer } = this.#init
    const accept = (end: SimConnection): void => {
      this.#options.upgrader
        .upgradeInbound(end, { signal: this.#stop.signal })
        .catch(error => end.abort(error instanceof Error ? error : new Error(String(error))))
    }
    if (!internet.listen(bare(address), { process, peer, accept }))
      throw new ListenError(`EADDRINUSE ${address.toString()}`)
    this.#address = address
    this.safeDispatchEvent('listening')
  }

  getAddrs(): Multiaddr[] {
    return this.#address === null ? [] : [this.#address]
  }

  updateAnnounceAddrs(): void {
    // TCP adds nothing to its addresses.
  }

  async close(): Promise<void> {
    if (this.#address !== null) this.#init.internet.close(bare(this.#address))
    this.#stop.abort(new Error('the listener is closed'))
    this.safeDispatchEvent('close')
  }
}

function isTcp(address: Multiaddr): boolean {
  return address.getComponents().some(({ name }) => name === 'tcp')
}

/** Without /p2p. */
function bare(address: Multiaddr): string {
  return address.toString().split('/p2p/')[0]!
}

/** The peer whose machine has this address; null: nobody's. */
function peerAt(address: string): number | null {
  const match = /^\/ip4\/45\.(\d+)\.(\d+)\.(\d+)\/tcp\/\d+$/.exec(address)
  return match === null ? null : (Number(match[1]) << 16) | (Number(match[2]) << 8) | Number(match[3])
}
