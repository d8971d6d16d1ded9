import { noise } from '@chainsafe/libp2p-noise'
import type { Libp2p } from '@libp2p/interface'
import type { ConnectionManager, Registrar } from '@libp2p/interface-internal'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { expect } from 'chai'
import { createLibp2p } from 'libp2p'
import { type Activations, type Answer, activations, type Delivery } from '../../../protocols/activations/index.ts'
import type { Clock } from '../../../protocols/wire/environment.ts'
import { digest } from '../fake-streams.ts'
import { PEERS, type Peer, policyAt, runOf, scopeOf, signed, tensorOf } from './run.ts'

const [[a0], [b0], [c0]] = [PEERS[0]!, PEERS[1]!, PEERS[2]!]

interface Components {
  readonly registrar: Registrar
  readonly connectionManager: ConnectionManager
}

interface Node {
  readonly libp2p: Libp2p<{ components: Components }>
  readonly service: Activations
  readonly deliveries: Delivery[]
}

const clock: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
}

async function nodeOf(peer: Peer, answer: Answer): Promise<Node> {
  const libp2p = await createLibp2p({
    privateKey: peer.key,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      components: ({ registrar, connectionManager }: Components): Components => ({ registrar, connectionManager }),
    },
  })
  const deliveries: Delivery[] = []
  const handlers = {
    accept: (delivery: Delivery) => {
      deliveries.push({ ...delivery, tensor: delivery.tensor.slice() })
      return answer
    },
    abandoned: () => undefined,
    reported: () => null,
  }
  const components = { ...libp2p.services.components, clock, random: () => 0.5, digest, privateKey: peer.key }
  const service = activations({ ...runOf(peer), policy: policyAt(), handlers })(components)
  await service.start()
  return { libp2p, service, deliveries }
}

describe('activations: two libp2p nodes on loopback', () => {
  let source: Node
  let middle: Node

  before(async () => {
    source = await nodeOf(a0, { kind: 'accepted' })
    middle = await nodeOf(b0, { kind: 'accepted' })
    await source.libp2p.dial(middle.libp2p.getMultiaddrs())
  })

  after(async () => {
    await Promise.all([source.service.stop(), middle.service.stop()])
    await Promise.all([source.libp2p.stop(), middle.libp2p.stop()])
  })

  it('carry an activation one way and its gradient the other, and refuse a lie by name', async () => {
    const forward = await signed(a0, 'forward', null)
    expect(await source.service.send(b0.name, forward)).to.deep.equal({ kind: 'accepted' })
    expect(middle.deliveries.map(delivery => delivery.tensor)).to.deep.equal([forward.tensor])

    const onwards = await signed(b0, 'forward', forward.chain)
    const head = await signed(c0, 'backward', onwards.chain)
    const id = { round: 7, source: a0.name, sequence: 0 }
    const back = await middle.service.sign({
      direction: 'backward',
      id,
      scope: scopeOf(1),
      parent: head.chain,
      tensor: tensorOf(-2),
    })
    expect(await middle.service.send(a0.name, back, { lossMicronats: 1 })).to.deep.equal({ kind: 'accepted' })
    expect(source.deliveries.map(delivery => delivery.direction)).to.deep.equal(['backward'])

    const lie = await signed(a0, 'forward', null, { tensor: tensorOf(Number.NaN) })
    const outcome = await source.service.send(b0.name, lie)
    expect(outcome).to.deep.equal({ kind: 'refused', refusal: { refused: 'not-finite' } })
    expect(middle.service.refusals()).to.deep.equal({ 'not-finite': 1 })
  })

  it('refuse a tensor longer than any boundary before it is received', async () => {
    const tensor = new Uint8Array(64 * tensorOf(0).byteLength)
    const outcome = await source.service.send(b0.name, await signed(a0, 'forward', null, { tensor }))
    expect(outcome).to.deep.equal({ kind: 'busy' })
    expect(middle.deliveries).to.have.length(1)
  })
})
