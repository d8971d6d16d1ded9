import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocketServer } from 'ws'
import { type FolderLock, lockDataFolder } from '../../../node/identity/index.ts'
import { manifestPath, writeRun } from '../../../node/run/folder.ts'
import { tinyManifest } from '../harness/manifest.ts'
import { expectRefusal } from './refusal.ts'

/** Nothing listens there: the port of a service that nobody runs. */
const NO_CHAIN = 'ws://127.0.0.1:9'

describe('bad input', () => {
  let folder: string
  let data: string
  /** Of a run on a chain that does not exist. */
  let manifest: string

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'swarm-cli-'))
    data = join(folder, 'data')
    const make = await tinyManifest({})
    writeRun(join(folder, 'run'), make(new Uint8Array(32).fill(1), 8))
    manifest = manifestPath(join(folder, 'run'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const join_ = (...more: string[]): string[] => ['join', '--data', data, '--chain', NO_CHAIN, ...more]

  describe('on the command line is 64', () => {
    for (const { name, args, says, next } of [
      {
        name: 'an unknown flag',
        args: ['up', '--rouds', '3'],
        says: /no option --rouds; .*'--rounds'/,
        next: /up --help/,
      },
      { name: 'an unknown command', args: ['joinn'], says: /no command 'joinn'; .*'join'/, next: /--help/ },
      {
        name: 'a number out of bounds',
        args: ['up', '--rounds', '0'],
        says: /--rounds must be .* 1 to/,
        next: /--help/,
      },
      {
        name: 'an unknown model',
        args: ['up', '--model', 'gpt-5'],
        says: /--model must be one of gpt-tiny/,
        next: /--help/,
      },
      {
        name: 'a missing option',
        args: ['join', '--chain', NO_CHAIN],
        says: /'join' needs --run/,
        next: /join --help/,
      },
      { name: 'an argument without a flag', args: ['up', 'now'], says: /now/, next: /up --help/ },
    ]) {
      it(name, () => expectRefusal(args, { exit: 'usage', says, next }))
    }

    it('an address that is no multiaddr', async () => {
      await expectRefusal(join_('--run', manifest, '--listen', '127.0.0.1:80'), {
        exit: 'usage',
        says: /127\.0\.0\.1:80 is not a multiaddr/,
        next: /\/ip4\//,
      })
    })
  })

  describe('in the configuration is 78', () => {
    it('an option that swarm.json has and nobody knows, or a swarm.json that is no JSON', async () => {
      writeFileSync(join(folder, 'swarm.json'), '{"rouds": 3}')
      const options = { cwd: folder }
      await expectRefusal(['up'], { exit: 'configuration', says: /swarm\.json has .* 'rouds'/, next: /help/ }, options)
      writeFileSync(join(folder, 'swarm.json'), '{')
      await expectRefusal(['up'], { exit: 'configuration', says: /swarm\.json is not JSON/, next: /edit/ }, options)
    })

    it('3 replicas with f = 1', () =>
      expectRefusal(['up', '--data', data, '--replicas', '3', '--f', '1'], {
        exit: 'configuration',
        says: /3 replicas .* cannot tolerate 1 liars: that takes 4/,
        next: /--replicas 4, or --f 0/,
      }))

    it('more stages than the model has layers', () =>
      expectRefusal(['up', '--data', data, '--stages', '9'], {
        exit: 'configuration',
        says: /stages?/,
        next: /--stages 4/,
      }))

    for (const [name, content] of [
      ['text', Buffer.from('stages: 2\n')],
      ['nothing', Buffer.alloc(0)],
      ['more than a manifest can be', Buffer.alloc(70_000)],
    ] as const) {
      it(`a manifest that holds ${name}`, async () => {
        writeFileSync(manifest, content)
        await expectRefusal(join_('--run', manifest), { exit: 'configuration', says: /manifest/, next: /./ })
      })
    }

    it('a manifest that is not there', () =>
      expectRefusal(join_('--run', join(folder, 'none.cbor')), {
        exit: 'configuration',
        says: /none\.cbor' is no manifest file/,
        next: /join --run <manifest file>/,
      }))

    it('the manifest of another run than that of the folder', async () => {
      const make = await tinyManifest({ seed: 2 })
      writeRun(data, make(new Uint8Array(32).fill(1), 8))
      const refusal = { exit: 'configuration', says: /belongs to run bafy\w+, not to bafy\w+/, next: /--data/ } as const
      await expectRefusal(join_('--run', manifest), refusal)
    })

    it('another text than the run trains on, or none', async () => {
      const text = join(folder, 'other.txt')
      writeFileSync(text, 'Call me Ahab.')
      await expectRefusal(join_('--run', manifest, '--corpus', text), {
        exit: 'configuration',
        says: /The corpus here is bafk\w+ \(13 bytes\), but the run trains on bafk\w+/,
        next: /--corpus/,
      })
      await expectRefusal(['up', '--data', data, '--corpus', join(folder, 'none.txt')], {
        exit: 'configuration',
        says: /There is no corpus/,
        next: /--corpus/,
      })
    })

    it('an option that the run of the folder was begun without', async () => {
      writeRun(data, (await tinyManifest({}))(new Uint8Array(32).fill(1), 8))
      await expectRefusal(['up', '--data', data, '--stages', '3'], {
        exit: 'configuration',
        says: /has --stages 2, which cannot be changed to 3/,
        next: /leave out --stages/,
      })
    })
  })

  describe('in the data folder is 73', () => {
    let lock: FolderLock | null = null
    afterEach(async () => {
      await lock?.release()
      lock = null
    })

    it('another program that works in it', async () => {
      lock = await lockDataFolder(data)
      const refusal = { exit: 'data', says: /is in use by process \d+$/, next: /kill \d+/ } as const
      await expectRefusal(['up', '--data', data], refusal)
      await expectRefusal(join_('--run', manifest), refusal)
    })

    it('a damaged key', async () => {
      mkdirSync(data)
      writeFileSync(join(data, 'identity.key'), 'not a key', { mode: 0o600 })
      await expectRefusal(join_('--run', manifest), { exit: 'data', says: /identity\.key is damaged/, next: /restore/ })
    })

    it("a damaged chain, with the chain's own advice", async () => {
      mkdirSync(join(data, 'chain'), { recursive: true })
      writeFileSync(join(data, 'chain', 'blocks.jsonl'), 'not a block\nnor this\n')
      await expectRefusal(['up', '--data', data, '--stages', '1', '--replicas', '1'], {
        exit: 'data',
        says: /the embedded chain ended: the chain's data are damaged: line 1/,
        next: /restore .*chain from a copy/,
      })
    })

    it('a file in its place', async () => {
      writeFileSync(data, '')
      await expectRefusal(['up', '--data', data], { exit: 'data', says: /cannot use the folder/, next: /--data/ })
    })

    it('peers of a run whose manifest is gone', async () => {
      const make = await tinyManifest({})
      writeRun(join(data, 'peers', '00'), make(new Uint8Array(32).fill(1), 8))
      await expectRefusal(['up', '--data', data], { exit: 'data', says: /not the run's manifest/, next: /^cp .*00/ })
    })
  })

  describe('of the identity is 77', () => {
    it('a key that others can read', async function () {
      if (process.platform === 'win32') {
        console.log('        skipped: Windows has no such modes')
        return this.skip()
      }
      mkdirSync(data)
      writeFileSync(join(data, 'account.key'), '', { mode: 0o644 })
      const refusal = { exit: 'refused', says: /account\.key can be read by others/, next: /^chmod 600 / } as const
      await expectRefusal(join_('--run', manifest), refusal)
    })

    it('a stake below the floor', () =>
      expectRefusal(['up', '--data', data, '--stake', '99'], {
        exit: 'refused',
        says: /stake of 99 .* floor is 100/,
        next: /--stake 100/,
      }))
  })

  describe('of network and chain is 69', () => {
    let busy: Server
    let port: number
    beforeEach(async () => {
      busy = createServer(socket => socket.destroy()).listen(0, '127.0.0.1')
      await once(busy, 'listening')
      port = (busy.address() as AddressInfo).port
    })
    afterEach(() => busy.close())

    it('a chain that is away', () =>
      expectRefusal(join_('--run', manifest), {
        exit: 'unavailable',
        says: /the chain at ws:\/\/127\.0\.0\.1:9 does not answer/,
        next: /swarm-node chain.*--chain/,
      }))

    it('an address that is no chain', async () => {
      const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
      server.on('connection', socket =>
        socket.on('message', data =>
          socket.send(JSON.stringify({ jsonrpc: '2.0', id: JSON.parse(String(data)).id, result: 7 })),
        ),
      )
      await once(server, 'listening')
      const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
      await expectRefusal(['join', '--data', data, '--run', manifest, '--chain', url], {
        exit: 'unavailable',
        says: /the chain at ws\S+ does not answer: .*not a Substrate node/,
        next: /--chain/,
      })
      server.close()
    })

    it("the chain's port in use", async () => {
      await expectRefusal(['up', '--data', data, '--chain-port', String(port), '--stages', '1', '--replicas', '1'], {
        exit: 'unavailable',
        says: new RegExp(`port ${port} of 127\\.0\\.0\\.1 is in use`),
        next: /--chain-port/,
      })
    })
  })
})
