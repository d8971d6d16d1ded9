/** The peer among others: network, records of who holds which stage, gossip. */
import { type Discovery, discovery, recordBook, recordCodec } from '../../protocols/discovery/index.ts'
import { type Gossip, gossip } from '../../protocols/gossip/index.ts'
import type { Certificate, PeerName } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import type { Network, NetworkEvent } from '../network/index.ts'
import { UPGRADE_COMMAND } from '../run/upgrade.ts'
import type { Around } from './around.ts'
import type { CertificateBook } from './certificate-book.ts'
import type { Connected } from './connected.ts'
import type { PeerEnvironment, PeerInit } from './environment.ts'
import { GossipDoor } from './gossip-door.ts'
import { Isolation } from './isolation.ts'
import { networkOf } from './profile.ts'
import type { RoundInbox } from './round-inbox.ts'
import type { Seat } from './seat.ts'

export interface OverlayInit {
  readonly init: PeerInit
  readonly environment: PeerEnvironment
  readonly seat: Seat
  readonly inbox: RoundInbox
  readonly book: CertificateBook
  readonly connected: Connected
  readonly around: Around
  /** A stage that this peer is about to move to. */
  readonly movesTo: () => number | null
  /** A sound certificate of the own stage. */
  readonly onOwnStage: (certificate: Certificate) => void
  readonly signal: AbortSignal
}

export interface Overlay {
  readonly network: Network
  readonly gossip: Gossip
  readonly door: GossipDoor
  readonly discovery: Discovery
  /** Makes the own addresses known, now and whenever they change. */
  start(): Promise<void>
}

export async function openOverlay(overlay: OverlayInit): Promise<Overlay> {
  const { init, environment, seat, inbox, book, connected, around, movesTo, onOwnStage, signal } = overlay
  const { run } = init
  const { privateKey, clock, random, digest } = environment
  const { stage, disk, reporter } = seat
  const { stages, chain } = run.manifest
  const codec = recordCodec(privateKey)
  const warn = (message: string) => reporter.warning(message)
  const onRefused: Parameters<typeof recordBook>[0]['onRefused'] = (reason, peer) =>
    reporter.refused(reason, peer ?? '')
  const records = recordBook({ run: run.id, stages, seats: around, codec, onRefused })
  const isolation = new Isolation(clock, warn)
  let isStarted = false
  const network = await environment.createNetwork({
    ...networkOf(init, environment),
    records: records.rules,
    hasPlace: peer => around.hasPlace(peer),
    clock,
    random,
    // It is stopped by its owner, after everything that uses it.
    signal: new AbortController().signal,
    onEvent(event) {
      connected.take(event)
      if (event.type === 'reachability') init.bus.emit('reachability', { state: event.state, via: event.via })
      if (event.type === 'other-version') {
        reporter.refused('wrong-version', event.peer)
        warn(otherVersionText(event))
      }
      if (event.type === 'trouble') warn(event.message)
      if (event.type === 'isolated') isolation.failed(event.attempts, event.lastError)
      if (event.type === 'connected') isolation.connected()
      if (!isStarted) return
      if (event.type === 'disconnected') peers.wake()
      if (event.type === 'addresses')
        peers.announce(stage, event.addresses).catch(error => warn(`announcing addresses: ${String(error)}`))
    },
  })
  const door = new GossipDoor({
    run,
    stage,
    seats: other => around.seats(other),
    inbox,
    book,
    record: (envelope, context) => peers.accept(envelope, context),
    clock,
    digest,
    signal,
    onOwnStage,
    onWarning: warn,
  })
  const spread = gossip({
    run: run.id,
    genesis: chain.genesis,
    stages,
    policy: door.policy,
    handlers: door.handlers,
    onRefused: (reason, peer) => reporter.refused(reason, peer),
    onMisbehaving: (peer: PeerName, rejected: number) =>
      void network.deny(peer, `it forwarded ${rejected} messages that nobody may send`),
  })({ pubsub: network.components.pubsub, clock })
  door.connect(spread)
  const peers = discovery(
    {
      run: run.id,
      stages,
      seats: around,
      ephemeral: false,
      needed: () => {
        // The head's checkpoints are kept by stage 0.
        const [before, after] = [(stage + stages - 1) % stages, (stage + 1) % stages]
        return [...new Set([before, stage, after, movesTo() ?? stage])]
      },
      dial: async (peer, addresses, dialSignal) => {
        await network.dialPeer(peer, { addresses, signal: dialSignal })
      },
      publish: async (of, envelope) => {
        const sent = await spread.publish(of, 'record', envelope)
        return isRefusal(sent) ? 0 : sent
      },
      onRefused,
    },
    records,
  )({ ...network.components, clock, random, codec, storage: disk.records })
  return {
    network,
    gossip: spread,
    door,
    discovery: peers,
    async start() {
      spread.start()
      await peers.start()
      await peers.announce(stage, network.addresses())
      isStarted = true
    },
  }
}

function otherVersionText(event: Extract<NetworkEvent, { type: 'other-version' }>): string {
  const { peer, protocol, theirs, ours, older } = event
  const who = older === 'we' ? 'upgrade this peer' : 'it must be upgraded'
  return `peer ${peer} speaks ${protocol} ${theirs}, this one ${ours}: ${who} (${UPGRADE_COMMAND})`
}
