import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { WsProvider } from '@polkadot/api'
import { expect } from 'chai'
import { accountFromUri } from '../../../consensus/chain/adapters/substrate/index.ts'
import { chainFolder, startChain } from './chain-process.ts'

interface Answers {
  readonly height: number
  readonly head: string
  readonly genesis: string
  readonly balance: string
}

const NEXT_COMMAND = /\nNext: .+\n$/

describe('the embedded chain as a program', function () {
  this.timeout(60_000)
  let folder: ReturnType<typeof chainFolder>
  let blocks: string

  before(async () => {
    folder = chainFolder([(await accountFromUri('//Alice')).address])
    blocks = join(folder.directory, 'blocks.jsonl')
  })
  after(() => folder.remove())

  it('continues the same chain after kill -9, restart, and a torn last block', async () => {
    const first = startChain(folder.directory)
    const before = await ask((await first.ready).url, provider => provider.send('dev_newBlock', [{ count: 2 }]))
    expect(before.height).to.equal(3)

    const second = startChain(folder.directory)
    const refused = await second.ended
    expect(refused.code).to.equal(73)
    expect(refused.errorText)
      .to.match(/already running/)
      .and.to.match(NEXT_COMMAND)

    first.child.kill('SIGKILL')
    expect((await first.ended).signal).to.equal('SIGKILL')
    appendFileSync(blocks, '0123456789abcdef {"number":4,"ha')

    const third = startChain(folder.directory)
    const after = await ask((await third.ready).url, async () => {})
    expect(after).to.deep.equal(before)
    const sealed = await ask((await third.ready).url, provider => provider.send('dev_newBlock', [{ count: 1 }]))
    expect(sealed.height).to.equal(4)
    third.child.kill('SIGTERM')
    const ended = await third.ended
    expect(ended.code).to.equal(0)
    expect(ended.errorText).to.match(/cut off a torn last block/)
  })

  it('ends within 5 s when its standard input closes, and begins no chain anew', async () => {
    const lines = readFileSync(blocks, 'utf8')
    const node = startChain(folder.directory)
    const { genesis } = await node.ready
    expect(genesis).to.match(/^0x[0-9a-f]{64}$/)
    const closedMs = performance.now()
    node.child.stdin?.end()
    expect((await node.ended).code).to.equal(0)
    expect(performance.now() - closedMs).to.be.below(5_000)
    expect(readFileSync(blocks, 'utf8').startsWith(lines)).to.equal(true)
  })

  it('says that a port is in use, or its folder damaged, with the exit code for each', async () => {
    const blocker = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => blocker.once('listening', resolve))
    const address = blocker.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const taken = await startChain(folder.directory, '--port', String(port)).ended
    blocker.close()
    expect(taken.code).to.equal(69)
    expect(taken.errorText)
      .to.match(/in use/)
      .and.to.match(NEXT_COMMAND)

    const lines = readFileSync(blocks, 'utf8').split('\n')
    lines[2] = lines[2]!.replace('"number":2', '"number":9')
    writeFileSync(blocks, lines.join('\n'))
    const damaged = await startChain(folder.directory).ended
    expect(damaged.code).to.equal(73)
    expect(damaged.errorText)
      .to.match(/line 3 .*does not hold/)
      .and.to.match(NEXT_COMMAND)
  })

  it('refuses options and accounts that it does not understand', async () => {
    expect((await startChain(folder.directory, '--what').ended).code).to.equal(64)
    expect((await startChain(folder.directory, '--account', 'nobody').ended).code).to.equal(78)
  })
})

async function ask(url: string, act: (provider: WsProvider) => Promise<unknown>): Promise<Answers> {
  const provider = new WsProvider(url)
  await provider.isReady
  const { address } = await accountFromUri('//Alice')
  // A new chain seals its first block by itself.
  await provider.send('author_submitExtrinsic', ['0x00']).catch(() => {})
  await act(provider)
  const header = await provider.send<{ number: string }>('chain_getHeader', [])
  const answers = {
    height: Number(header.number),
    head: await provider.send<string>('chain_getBlockHash', []),
    genesis: await provider.send<string>('chain_getBlockHash', [0]),
    balance: `${address} ${await provider.send<string>('state_call', ['AccountNonceApi_account_nonce', `0x${'00'.repeat(32)}`])}`,
  }
  await provider.disconnect()
  return answers
}
