import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { LinkRule } from '../../../simulations/kernel/network.ts'
import { RandomStream } from '../../../simulations/kernel/random.ts'
import type { PeerShape } from '../../../simulations/scenario/types.ts'
import { greetingOf, PEER_VARIABLE, PORTS_VARIABLE } from '../../../simulations/tier2/greeting.ts'
import { Links } from '../../../simulations/tier2/links.ts'
import { TcpProxy } from '../../../simulations/tier2/proxy.ts'

const SHAPE: PeerShape = {
  stake: 1,
  speed: 1,
  memoryMiB: 1024,
  upMbps: 1000,
  downMbps: 1000,
  latency: 'lan',
  nat: 'none',
}
const NETWORK = { loss: 0, retransmitMs: 200, jitterMs: 0 }
const TARGET = 0
const DIALLER = 1

function rule(change: Partial<LinkRule>): LinkRule {
  return { from: null, to: null, random: new RandomStream(1, 'test'), ...change }
}

const cutOf = (from: number | null, to: number | null): LinkRule =>
  rule({
    from: from === null ? null : new Set([from]),
    to: to === null ? null : new Set([to]),
    isCut: () => true,
  })

/** Not `once`: that rejects with the error of a reset, which is what is waited for. */
const closeOf = (socket: Socket) => new Promise<void>(resolve => socket.once('close', () => resolve()))

describe('a proxy of tier 2', () => {
  let links: Links
  let server: Server
  let accepted: Socket[]
  let proxy: TcpProxy
  let clients: Socket[]

  beforeEach(async () => {
    links = new Links([SHAPE, SHAPE], NETWORK, 1)
    accepted = []
    clients = []
    server = createServer({ allowHalfOpen: true }, socket => {
      socket.on('error', () => undefined)
      accepted.push(socket)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const targetPort = (server.address() as AddressInfo).port
    proxy = await TcpProxy.listen({ target: TARGET, targetPort, links })
  })
  afterEach(async () => {
    for (const client of clients) client.destroy()
    await proxy.close()
    for (const socket of accepted) socket.destroy()
    await new Promise(resolve => server.close(resolve))
  })

  function dial(greeting = greetingOf(DIALLER)): Socket {
    const client = connect({ host: '127.0.0.1', port: proxy.port, noDelay: true, allowHalfOpen: true })
    client.on('error', () => undefined)
    clients.push(client)
    client.write(greeting)
    return client
  }

  async function joined(): Promise<{ client: Socket; peer: Socket }> {
    const arrives = once(server, 'connection')
    const client = dial()
    const [peer] = (await arrives) as [Socket]
    return { client, peer }
  }

  const text = async (socket: Socket): Promise<string> => String(((await once(socket, 'data')) as [Buffer])[0])

  it('carries bytes both ways, in order, without the line that names the dialler', async () => {
    const { client, peer } = await joined()
    client.write('hello')
    expect(await text(peer)).to.equal('hello')
    const sent = Array.from({ length: 200 }, (_, index) => `${index},`).join('')
    for (const part of sent.match(/.{1,7}/g) ?? []) peer.write(part)
    peer.end()
    let received = ''
    client.on('data', bytes => {
      received += String(bytes)
    })
    await once(client, 'end')
    expect(received).to.equal(sent)
  })

  it('turns away whoever does not say who it is', async () => {
    const client = dial('GET / HTTP/1.1 and more\r\n\r\n').resume()
    await closeOf(client)
    expect(accepted).to.deep.equal([])
  })

  it('delays by what the links say, in that direction only', async () => {
    links.add(rule({ from: new Set([DIALLER]), delayMs: 300 }))
    const { client, peer } = await joined()
    const order: string[] = []
    const sentMs = performance.now()
    client.write('late')
    peer.write('soon')
    await Promise.all([text(peer).then(what => order.push(what)), text(client).then(what => order.push(what))])
    expect(order).to.deep.equal(['soon', 'late'])
    expect(performance.now() - sentMs).to.be.at.least(299)
  })

  it('carries no more than the rate', async () => {
    links.add(rule({ rate: 0.008 }))
    const { client, peer } = await joined()
    const bytes = 200_000
    const sentMs = performance.now()
    client.write(Buffer.alloc(bytes))
    let received = 0
    peer.on('data', part => {
      received += part.length
      if (received === bytes) peer.emit('all')
    })
    await once(peer, 'all')
    // 8 Mbit/s: 200 ms, less what one timer is early.
    expect(performance.now() - sentMs).to.be.at.least(195)
  })

  it('cuts one direction and not the other, and loses nothing when the link heals', async () => {
    const { client, peer } = await joined()
    const gone = cutOf(DIALLER, TARGET)
    links.add(gone)
    let heard = ''
    peer.on('data', bytes => {
      heard += String(bytes)
    })
    client.write('held')
    peer.write('still here')
    expect(await text(client)).to.equal('still here')
    expect(heard).to.equal('')
    links.remove(gone)
    await once(peer, 'data')
    expect(heard).to.equal('held')
  })

  it('does not tell of an end while the link is cut', async () => {
    const { client, peer } = await joined()
    const gone = cutOf(DIALLER, TARGET)
    links.add(gone)
    let closed = false
    peer.resume().once('close', () => {
      closed = true
    })
    client.resetAndDestroy()
    await closeOf(client)
    // A connection that is made later and answers has gone through the proxy after that end.
    const arrives = once(server, 'connection')
    const other = dial(greetingOf(DIALLER + 1))
    const [second] = (await arrives) as [Socket]
    second.write('here')
    await text(other)
    expect(closed).to.equal(false)
    const told = closeOf(peer)
    links.remove(gone)
    await told
  })

  it('makes no connection across a cut, in whichever direction it is, until the link heals', async () => {
    for (const gone of [cutOf(DIALLER, TARGET), cutOf(TARGET, DIALLER)]) {
      links.add(gone)
      const arrives = once(server, 'connection')
      dial()
      const other = once(server, 'connection')
      dial(greetingOf(7))
      await other
      const before = accepted.length
      links.remove(gone)
      if (accepted.length === before) await once(server, 'connection')
      await arrives
    }
  })

  it('resets what it carries when it is told to', async () => {
    const { client, peer } = await joined()
    peer.resume()
    const closed = Promise.all([closeOf(client), closeOf(peer)])
    proxy.reset()
    await closed
  })

  it('is told by the preload of a process who dials, before anything that its program writes', async () => {
    const arrives = once(server, 'connection')
    const preload = fileURLToPath(new URL('../../../simulations/tier2/preload.ts', import.meta.url))
    const program = `require('node:net').connect(${proxy.port}, '127.0.0.1').end('from a program')`
    links.add(cutOf(DIALLER + 1, null))
    const child = spawn(process.execPath, ['--import', preload, '-e', program], {
      env: { ...process.env, [PEER_VARIABLE]: String(DIALLER), [PORTS_VARIABLE]: `1,${proxy.port}` },
      stdio: 'inherit',
    })
    const [peer] = (await arrives) as [Socket]
    expect(await text(peer)).to.equal('from a program')
    peer.end()
    expect((await once(child, 'exit'))[0]).to.equal(0)
  })
})
