import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'chai'
import { WebSocket, WebSocketServer } from 'ws'
import { accountFromUri, connectSubstrate } from '../../../consensus/chain/adapters/substrate/index.ts'
import { signBondProof } from '../../../consensus/chain/bond.ts'
import { ChainUnavailable } from '../../../consensus/chain/errors.ts'
import type { Chain } from '../../../consensus/chain/types.ts'
import { MAX_CONNECTIONS, MAX_REQUEST_BYTES, MAX_SUBSCRIPTIONS } from '../../../node/chain/constants.ts'
import { finalizedAt } from '../../../node/peer/finalized-at.ts'
import { type ChainProcess, chainFolder, startChain } from './chain-process.ts'

const ACCOUNT = '//writer'
const NEWER_SPEC = 1_000_000_000

/** A node in front of a real one that can be told to stop answering, to lie, or to hang up. */
class Relay {
  readonly server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  readonly sockets = new Set<WebSocket>()
  /** Changes or drops (undefined) an answer of the real node. */
  tamper: (answer: string) => string | undefined = answer => answer
  /** Keeps a question from the real node. */
  hides: (question: string) => boolean = () => false

  constructor(target: string) {
    this.server.on('connection', client => {
      this.sockets.add(client)
      const upstream = new WebSocket(target)
      const waiting: string[] = []
      client.on('message', data => {
        if (this.hides(data.toString())) return
        if (upstream.readyState === upstream.OPEN) upstream.send(data.toString())
        else waiting.push(data.toString())
      })
      upstream.addEventListener('open', () => {
        for (const data of waiting) upstream.send(data)
      })
      upstream.addEventListener('message', ({ data }) => {
        const answer = this.tamper(String(data))
        if (answer !== undefined) client.send(answer)
      })
      client.on('close', () => upstream.close())
    })
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  close(): void {
    for (const socket of this.sockets) socket.terminate()
    this.server.close()
  }
}

interface Answer {
  readonly id: number
  readonly error?: { readonly code: number }
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    error => error,
  )
}

describe('a node that hangs, lies or goes away', function () {
  this.timeout(60_000)
  let folder: ReturnType<typeof chainFolder>
  let node: ChainProcess
  let relay: Relay
  let chain: Chain

  before(async () => {
    folder = chainFolder([(await accountFromUri(ACCOUNT)).address])
    node = startChain(folder.directory, '--empty-block-ms', '400')
    const { url } = await node.ready
    relay = new Relay(url)
    await once(relay.server, 'listening')
    chain = await connectSubstrate({ url: relay.url, account: null, asset: 1, callDeadlineMs: 1_500 })
  })
  afterEach(() => {
    relay.tamper = answer => answer
    relay.hides = () => false
  })
  after(async () => {
    await chain?.close()
    relay?.close()
    node?.child.stdin?.end()
    await node?.ended
    folder?.remove()
  })

  it('gives ChainUnavailable where nothing listens or what listens never answers', async () => {
    expect(await failure(connectSubstrate({ url: 'ws://127.0.0.1:9', account: null, asset: 1 }))).to.be.instanceOf(
      ChainUnavailable,
    )
    const silent = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(silent, 'listening')
    const url = `ws://127.0.0.1:${(silent.address() as AddressInfo).port}`
    const hung = connectSubstrate({ url, account: null, asset: 1, connectDeadlineMs: 200 })
    expect(await failure(hung)).to.be.instanceOf(ChainUnavailable)
    const stop = new AbortController()
    const aborted = connectSubstrate({ url, account: null, asset: 1, signal: stop.signal })
    stop.abort(new Error('stopped'))
    expect(await failure(aborted)).to.have.property('message', 'stopped')
    for (const client of silent.clients) client.terminate()
    silent.close()
  })

  it('gives ChainUnavailable when an answer does not come, and goes on when answers come again', async () => {
    relay.tamper = () => undefined
    expect(await failure(chain.finalizedHead())).to.be.instanceOf(ChainUnavailable)
    expect(await failure(chain.bonds('run', 1))).to.be.instanceOf(ChainUnavailable)
    const stop = new AbortController()
    const aborted = failure(chain.finalizedHead({ signal: stop.signal }))
    stop.abort(new Error('stopped'))
    expect(await aborted).to.have.property('message', 'stopped')
    relay.tamper = answer => answer
    expect((await chain.finalizedHead()).height).to.be.at.least(0)
  })

  it('reads a block again that did not come the first time', async () => {
    const { height } = await chain.finalizedHead()
    const range = { afterHeight: height - 1, toHeight: height }
    relay.tamper = answer => (answer.includes('"extrinsics"') ? undefined : answer)
    expect(await failure(chain.anchors('run', range))).to.be.instanceOf(ChainUnavailable)
    relay.tamper = answer => answer
    // What was asked before is given up by the connection some seconds later.
    let read = await failure(chain.anchors('run', range))
    while (read instanceof ChainUnavailable) read = await failure(chain.anchors('run', range))
    expect(read).to.equal(undefined)
  })

  it('refuses a header that is not of the hash it asked for', async () => {
    relay.tamper = answer => answer.replace(/"parentHash":"0x..../, '"parentHash":"0xffff')
    expect(await failure(chain.finalizedHead())).to.be.instanceOf(ChainUnavailable)
  })

  it('refuses another block than that of the height it asked for', async () => {
    await finalizedAt(chain, 4, new AbortController().signal)
    // One that has not seen the blocks become final.
    const fresh = await connectSubstrate({ url: relay.url, account: null, asset: 1 })
    const other = `0x${Buffer.from(await fresh.blockHash(4)).toString('hex')}`
    const asked = new Set<number>()
    relay.hides = question => {
      const { id, method, params } = JSON.parse(question) as { id: number; method: string; params: unknown[] }
      if (method === 'chain_getBlockHash' && params[0] === 2) asked.add(id)
      return false
    }
    relay.tamper = answer => {
      const parsed = JSON.parse(answer) as { id: number }
      return asked.has(parsed.id) ? JSON.stringify({ ...parsed, result: other }) : answer
    }
    const lied = await failure(fresh.anchors('run', { afterHeight: 1, toHeight: 3 }))
    await fresh.close()
    expect(lied).to.be.instanceOf(ChainUnavailable)
    expect((lied as Error).message).to.match(/another block than 2/)
    expect(asked).to.have.property('size', 1)
  })

  it('writes nothing to the console where it is closed or cut off while subscriptions wait for their answers', async () => {
    const written: unknown[][] = []
    const { error } = console
    console.error = (...line) => written.push(line)
    try {
      for (const end of ['closed', 'cut off']) {
        const asked = Promise.withResolvers<void>()
        relay.hides = question => {
          if (!question.includes('state_subscribe')) return false
          asked.resolve()
          return true
        }
        const impatient = await connectSubstrate({ url: relay.url, account: null, asset: 1 })
        await asked.promise
        const closed = once([...relay.sockets].at(-1)!, 'close')
        if (end === 'cut off') [...relay.sockets].at(-1)?.terminate()
        else await impatient.close()
        await closed
        await new Promise(resolve => setImmediate(resolve))
        await impatient.close()
      }
    } finally {
      console.error = error
    }
    expect(written).to.deep.equal([])
  })

  it('ends the watch of a transaction that was granted when nobody waited for it any more', async () => {
    const stop = new AbortController()
    const [sent, unwatched] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let submitted: number | undefined
    relay.hides = question => {
      const { id, method } = JSON.parse(question) as { id: number; method: string }
      if (method === 'author_submitAndWatchExtrinsic') submitted = id
      if (method === 'author_unwatchExtrinsic') unwatched.resolve()
      return false
    }
    let late = ''
    relay.tamper = answer => {
      if (submitted === undefined || (JSON.parse(answer) as { id: number }).id !== submitted) return answer
      late = answer
      sent.resolve()
      return undefined
    }
    const writer = await connectSubstrate({ url: relay.url, account: ACCOUNT, asset: 1 })
    const key = await generateKeyPair('Ed25519')
    const [peer, account] = [peerIdFromPrivateKey(key).toString(), (await accountFromUri(ACCOUNT)).address]
    const proof = await signBondProof(key, writer.genesis, 'run', account)
    const bonding = failure(writer.bond({ run: 'run', peer, proof }, { signal: stop.signal }))
    await sent.promise
    stop.abort(new Error('stopped'))
    expect(await bonding).to.have.property('message', 'stopped')
    for (const socket of relay.sockets) if (socket.readyState === socket.OPEN) socket.send(late)
    await unwatched.promise
    await writer.close()
  })

  it('follows an upgrade of the runtime, and goes on with the old one while a node that tells of one does not show it', async () => {
    const [granted, vain, made] = [0, 0, 0].map(() => Promise.withResolvers<string>())
    const questions = new Map<number, string>()
    const asked = { state_getRuntimeVersion: 0, state_getMetadata: 0 }
    let shows = false
    relay.hides = question => {
      const { id, method } = JSON.parse(question) as { id: number; method: string }
      questions.set(id, method)
      if (method === 'state_getRuntimeVersion' || method === 'state_getMetadata') asked[method]++
      // The start asks twice, the connection and the api.
      if (asked.state_getRuntimeVersion === 4) vain!.resolve('')
      if (asked.state_getMetadata === 2 && method === 'rpc_methods') made!.resolve('')
      return false
    }
    relay.tamper = answer => {
      const { id, result } = JSON.parse(answer) as { id: number; result: string }
      const method = questions.get(id)
      if (method === 'state_subscribeRuntimeVersion') granted!.resolve(result)
      return shows && method === 'state_getRuntimeVersion'
        ? answer.replace(/"specVersion":\d+/, `"specVersion":${NEWER_SPEC}`)
        : answer
    }
    const patient = await connectSubstrate({ url: relay.url, account: null, asset: 1 })
    const subscription = await granted!.promise
    const tell = (result: unknown) => {
      const news = JSON.stringify({ jsonrpc: '2.0', method: 'state_runtimeVersion', params: { subscription, result } })
      for (const socket of relay.sockets) if (socket.readyState === socket.OPEN) socket.send(news)
    }
    for (const nonsense of [null, 1, 'x', {}, { specVersion: 'new' }]) tell(nonsense)
    tell({ specVersion: NEWER_SPEC })
    await vain!.promise
    expect(asked.state_getMetadata, 'one runtime was shown').to.equal(1)
    expect((await patient.finalizedHead()).height).to.be.at.least(0)
    shows = true
    await made!.promise
    expect((await patient.finalizedHead()).height).to.be.at.least(0)
    await patient.close()
    expect(asked.state_getMetadata).to.equal(2)
  })

  it('goes on, and asks again, where it is not answered whether the runtime was upgraded', async () => {
    const again = Promise.withResolvers<void>()
    let asked = 0
    relay.hides = question => {
      if (!question.includes('"state_subscribeRuntimeVersion"')) return false
      if (++asked === 2) again.resolve()
      return asked === 1
    }
    const patient = await connectSubstrate({ url: relay.url, account: null, asset: 1, callDeadlineMs: 300 })
    // What nobody catches ends this test as it would end a peer.
    await again.promise
    await patient.close()
  })

  it('writes nothing to the console where a node hangs while it is connected to', async () => {
    const written: unknown[][] = []
    const { error } = console
    console.error = (...line) => written.push(line)
    try {
      relay.hides = question => question.includes('"system_properties"')
      const hung = connectSubstrate({ url: relay.url, account: null, asset: 1, connectDeadlineMs: 1_500 })
      expect(await failure(hung)).to.be.instanceOf(ChainUnavailable)
      await new Promise(resolve => setImmediate(resolve))
    } finally {
      console.error = error
    }
    expect(written).to.deep.equal([])
  })

  it('bounds what a client may ask of the embedded chain', async () => {
    const { url } = await node.ready
    const socket = new WebSocket(url)
    await once(socket, 'open')
    const answers = new Map<number, (answer: Answer) => void>()
    socket.on('message', data => {
      const answer: Answer = JSON.parse(String(data))
      answers.get(answer.id)?.(answer)
    })
    const ask = (id: number, method: string, params: unknown[] = []): Promise<Answer> =>
      new Promise(resolve => {
        answers.set(id, resolve)
        socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
      })
    for (let index = 0; index < MAX_SUBSCRIPTIONS; index++) {
      expect(await ask(index, 'chain_subscribeNewHeads')).to.have.property('result')
    }
    expect((await ask(100, 'chain_subscribeNewHeads')).error?.code).to.equal(-32005)
    expect((await ask(101, 'dev_setStorage')).error?.code).to.equal(-32601)
    expect((await ask(102, 'constructor')).error?.code).to.equal(-32601)
    expect((await ask(103, 'dev_newBlock', [{ count: 1e9 }])).error?.code).to.equal(-32602)
    expect((await ask(104, 'state_getStorage', ['0x00', `0x${'00'.repeat(32)}`])).error?.code).to.equal(4003)
    socket.send('x'.repeat(MAX_REQUEST_BYTES + 1))
    const [code] = await once(socket, 'close')
    expect(code).to.equal(1009)
    const [error] = await once(new WebSocket(url, { origin: 'https://elsewhere.example' }), 'error')
    expect(String(error)).to.match(/401/)
  })

  it('refuses more connections than its bound', async () => {
    const { url } = await node.ready
    const sockets = Array.from({ length: MAX_CONNECTIONS + 1 }, () => new WebSocket(url))
    const outcomes = await Promise.all(
      sockets.map(socket =>
        Promise.race([once(socket, 'open'), once(socket, 'error')]).then(
          () => socket.readyState === socket.OPEN,
          () => false,
        ),
      ),
    )
    expect(outcomes.filter(open => open).length).to.be.at.most(MAX_CONNECTIONS)
    for (const socket of sockets) socket.terminate()
  })

  it('refuses a height that is not final', async () => {
    expect(await failure(chain.blockHash(1_000_000))).to.be.instanceOf(ChainUnavailable)
    expect(await failure(chain.blockHash(-1))).to.be.instanceOf(RangeError)
  })

  it('tells every finalised head in order, across a lost connection', async () => {
    const heights: number[] = []
    const enough = Promise.withResolvers<void>()
    const unsubscribe = chain.onFinalized(({ height }) => {
      heights.push(height)
      if (heights.length === 2) for (const socket of relay.sockets) socket.terminate()
      if (heights.length === 6) enough.resolve()
    })
    await enough.promise
    unsubscribe()
    expect(heights).to.deep.equal(Array.from({ length: heights.length }, (_, index) => heights[0]! + index))
  })
})
