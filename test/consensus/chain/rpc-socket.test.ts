import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect } from 'chai'
import { type WebSocket, WebSocketServer } from 'ws'
import {
  MAX_EARLY_NEWS,
  MAX_OPEN_QUESTIONS,
  MAX_VAIN_QUESTIONS,
} from '../../../consensus/chain/adapters/substrate/constants.ts'
import { RpcSocket } from '../../../consensus/chain/adapters/substrate/rpc-socket.ts'

interface Asked {
  readonly id: number
  readonly method: string
  readonly params: readonly unknown[]
}

/** Answers as the test says; nothing where it says nothing. */
class Node {
  readonly server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  readonly asked: Asked[] = []
  answer: (question: Asked, socket: WebSocket) => unknown = () => undefined
  newest: WebSocket | null = null

  constructor() {
    this.server.on('connection', socket => {
      this.newest = socket
      socket.on('message', data => {
        const question = JSON.parse(String(data)) as Asked
        this.asked.push(question)
        const said = this.answer(question, socket)
        if (said !== undefined) socket.send(typeof said === 'string' ? said : JSON.stringify(said))
      })
    })
  }

  tell(subscription: unknown, result: unknown): void {
    this.newest?.send(JSON.stringify({ jsonrpc: '2.0', method: 'news', params: { subscription, result } }))
  }
}

describe('consensus/chain: JSON-RPC over a WebSocket', () => {
  let node: Node
  let socket: RpcSocket

  beforeEach(async () => {
    node = new Node()
    await once(node.server, 'listening')
    socket = new RpcSocket(`ws://127.0.0.1:${(node.server.address() as AddressInfo).port}`, 60_000)
    await connected()
  })
  afterEach(async () => {
    await socket.disconnect()
    for (const client of node.server.clients) client.terminate()
    node.server.close()
  })

  async function connected(): Promise<void> {
    const reached = occasion('connected')
    await socket.connect()
    await reached
  }

  function occasion(name: 'connected' | 'disconnected'): Promise<void> {
    return new Promise(resolve => {
      const off = socket.on(name, () => {
        off()
        resolve()
      })
    })
  }

  const failure = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => null,
      error => String(error),
    )

  it('gives each question its own answer, in whatever order they come', async () => {
    const held: Asked[] = []
    node.answer = (question, client) => {
      held.push(question)
      if (held.length === 2)
        for (const { id, params } of held.toReversed()) client.send(JSON.stringify({ id, result: params[0] }))
    }
    expect(await Promise.all([socket.send('echo', ['a']), socket.send('echo', ['b'])])).to.deep.equal(['a', 'b'])
  })

  it('rejects with what a node says is wrong, where it gives no result, and where it does not answer in time', async () => {
    node.answer = ({ id }) => ({ id, error: { code: -32000, message: 'pruned', data: 'x'.repeat(10_000) } })
    const said = String(await failure(socket.send('any', [])))
    expect(said).to.match(/-32000: pruned: xxx/)
    expect(said.length).to.be.lessThan(300)
    node.answer = ({ id }) => ({ id })
    expect(await failure(socket.send('any', []))).to.match(/without a result/)
    node.answer = () => undefined
    socket.answerMs = 20
    expect(await failure(socket.send('any', []))).to.match(/no answer within/)
  })

  it('is not ended by an error that is none, or that cannot be written', async () => {
    node.answer = ({ id }) => ({ id, error: { code: { toString: 1 }, message: { toString: 1 } } })
    expect(await failure(socket.send('any', []))).to.match(/toString/)
    node.answer = ({ id }) => `{"id":${id},"error":{"code":1,"data":${'['.repeat(60_000)}${']'.repeat(60_000)}}}`
    expect(await failure(socket.send('any', []))).to.be.a('string')
  })

  it('gives up a connection on which nothing comes any more, and one that is never made', async () => {
    socket.answerMs = 20
    const left = occasion('disconnected')
    const asked = Array.from({ length: MAX_VAIN_QUESTIONS }, () => failure(socket.send('any', [])))
    for (const end of await Promise.all(asked)) expect(end).to.match(/no answer within|connection was lost/)
    await left
    const mute = createServer()
    await once(mute.listen(0, '127.0.0.1'), 'listening')
    const hung = new RpcSocket(`ws://127.0.0.1:${(mute.address() as AddressInfo).port}`, 50)
    const failed = new Promise<void>(resolve => void hung.on('disconnected', resolve))
    await hung.connect()
    await failed
    mute.close()
  })

  it('keeps a connection on which something comes, though some questions are not answered', async () => {
    node.answer = ({ id, method }) => (method === 'answered' ? { id, result: 1 } : undefined)
    for (let more = 0; more <= MAX_VAIN_QUESTIONS; more++) {
      socket.answerMs = 20
      expect(await failure(socket.send('never answered', []))).to.match(/no answer within/)
      socket.answerMs = 10_000
      expect(await socket.send('answered', [])).to.equal(1)
    }
  })

  it('asks again where a subscription is granted without a name', async () => {
    const asked = Promise.withResolvers<void>()
    node.answer = ({ id }) => {
      asked.resolve()
      return { id, result: null }
    }
    const failed = failure(socket.subscribe('author_update', 'author_submit', [], () => {}))
    await asked.promise
    expect(await failed).to.match(/without a name/)
  })

  for (const [what, text] of [
    ['no JSON', '{"id": 1, "result'],
    ['a list', '[]'],
    ['a text', '"what"'],
    ['nothing', 'null'],
  ]) {
    it(`leaves a node that says ${what}, and rejects what it was asked`, async () => {
      node.answer = () => text
      const left = occasion('disconnected')
      expect(await failure(socket.send('any', []))).to.match(/connection was lost/)
      await left
      expect(socket.isConnected).to.equal(false)
      expect(await failure(socket.send('any', []))).to.match(/no connection/)
    })
  }

  it('passes over answers that nobody waits for, and news of what nobody subscribed to, and keeps few of them', async () => {
    node.answer = ({ id }, client) => {
      for (let more = 0; more < 10 * MAX_EARLY_NEWS; more++) node.tell(`nobody ${more}`, more)
      client.send(JSON.stringify({ id: 12_345, result: 1 }))
      client.send(JSON.stringify({ jsonrpc: '2.0', params: {} }))
      return { id, result: 'here' }
    }
    expect(await socket.send('any', [])).to.equal('here')
  })

  it('has a bound on the questions that have no answer yet', async () => {
    const open = Array.from({ length: MAX_OPEN_QUESTIONS }, () => failure(socket.send('any', [])))
    expect(await failure(socket.send('any', []))).to.match(/have no answer yet/)
    node.newest?.terminate()
    await Promise.all(open)
  })

  it('tells a subscriber what came before the answer, and goes on after a lost connection under the id that it gave', async () => {
    let granted = 0
    node.answer = ({ id, method }) => {
      if (method !== 'subscribe') return { id, result: true }
      granted++
      node.tell(`at the node ${granted}`, `early ${granted}`)
      return { id, result: `at the node ${granted}` }
    }
    const told: unknown[] = []
    const next = { news: Promise.withResolvers<void>() }
    const id = await socket.subscribe('heads', 'subscribe', [], (_, result) => {
      told.push(result)
      next.news.resolve()
    })
    await next.news.promise
    next.news = Promise.withResolvers()
    const lost = occasion('disconnected')
    node.newest?.terminate()
    await lost
    await connected()
    await next.news.promise
    expect(told).to.deep.equal(['early 1', 'early 2'])
    expect(await socket.unsubscribe('heads', 'unsubscribe', id)).to.equal(true)
    expect(node.asked.at(-1)?.params).to.deep.equal(['at the node 2'])
    node.tell('at the node 2', 'late')
    await socket.send('any', [])
    expect(told).to.have.length(2)
    expect(await socket.unsubscribe('heads', 'unsubscribe', id)).to.equal(false)
  })

  it('rejects where a transaction is not taken, and watches none anew after a lost connection', async () => {
    node.answer = ({ id }) => ({ id, error: { code: 1010, message: 'Invalid Transaction' } })
    expect(await failure(socket.subscribe('author_update', 'author_submit', ['0x'], () => {}))).to.match(/1010/)
    node.answer = ({ id }) => ({ id, result: 1 })
    await socket.subscribe('author_update', 'author_submit', ['0x'], () => {})
    const lost = occasion('disconnected')
    node.newest?.terminate()
    await lost
    await connected()
    await socket.send('any', [])
    expect(node.asked.map(({ method }) => method)).to.deep.equal(['author_submit', 'author_submit', 'any'])
  })
})
