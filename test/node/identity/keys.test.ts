import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import {
  DamagedFile,
  ExposedFile,
  loadAccount,
  loadPeerKey,
  readAccount,
  readPeerKey,
} from '../../../node/identity/index.ts'
import { decodeSecret, encodeSecret } from '../../../node/identity/secret-file.ts'

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => null,
    error => error,
  )

describe('secret files', () => {
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'swarm-keys-'))
    path = join(folder, 'deep', 'peer.key')
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('makes the peer key once', async () => {
    expect(await readPeerKey(path)).to.equal(null)
    const first = await loadPeerKey(path)
    const second = await loadPeerKey(path)
    expect(first.type).to.equal('Ed25519')
    expect(second.equals(first)).to.equal(true)
    expect(await readdir(join(folder, 'deep'))).to.deep.equal(['peer.key'])
  })

  it('gives the same key to everyone who asks at once', async () => {
    const first = await loadPeerKey(path)
    const keys = await Promise.all([loadPeerKey(path), loadPeerKey(path)])
    expect(keys.every(key => key.equals(first))).to.equal(true)
  })

  it('keeps secrets from other accounts of the machine', async () => {
    if (process.platform === 'win32') return
    await loadPeerKey(path)
    expect((await stat(path)).mode & 0o777).to.equal(0o600)
    await chmod(path, 0o644)
    const error = await failure(loadPeerKey(path))
    expect(error).to.be.instanceOf(ExposedFile)
    expect(error).to.include({ exit: 'refused', next: `chmod 600 ${path}` })
  })

  it('keeps the account that was given, or makes a mini secret', async () => {
    expect(await readAccount(path)).to.equal(null)
    expect(await loadAccount(path, '//Alice')).to.equal('//Alice')
    expect(await loadAccount(path, '//Bob')).to.equal('//Alice')
    expect(await loadAccount(join(folder, 'other'))).to.match(/^0x[0-9a-f]{64}$/)
  })

  it('never takes one kind of secret for the other', async () => {
    await loadAccount(path, '//Alice')
    expect(await failure(loadPeerKey(path))).to.be.instanceOf(DamagedFile)
  })

  it('never overwrites a damaged key', async () => {
    await loadPeerKey(path)
    await writeFile(path, 'not a key')
    const error = await failure(loadPeerKey(path))
    expect(error).to.be.instanceOf(DamagedFile)
    expect(error).to.include({ exit: 'data', path })
    expect(await readFile(path, 'utf8')).to.equal('not a key')
  })

  it('reads back any secret, also with Windows line ends', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), secret => {
        const text = encodeSecret('X', secret)
        expect(decodeSecret('X', text, 'p')).to.deep.equal(secret)
        expect(decodeSecret('X', text.replaceAll('\n', '\r\n'), 'p')).to.deep.equal(secret)
      }),
    )
  })

  it('refuses any single changed character', () => {
    const text = encodeSecret(
      'SWARM-NODE PEER KEY',
      Uint8Array.from({ length: 68 }, (_, index) => index),
    )
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom('A', 'z', '0', '-', '\n'), (at, character) => {
        fc.pre(text[at] !== character)
        const changed = text.slice(0, at) + character + text.slice(at + 1)
        expect(() => decodeSecret('SWARM-NODE PEER KEY', changed, 'p')).to.throw(DamagedFile)
      }),
    )
  })

  it('refuses a version it does not know', () => {
    const text = encodeSecret('X', Uint8Array.of(1)).replace('Version: 1', 'Version: 2')
    expect(() => decodeSecret('X', text, 'p')).to.throw(DamagedFile, 'version 2')
  })
})
