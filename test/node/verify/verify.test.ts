import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { ExitError } from '../../../node/cli/exit.ts'
import { assembleModel, openSources, writeModel } from '../../../node/export/model.ts'
import { manifestPath, readSeat, swarmFolder, writeSeat } from '../../../node/run/folder.ts'
import { allHold } from '../../../node/verify/report.ts'
import type { CheckName } from '../../../node/verify/types.ts'
import { type Verified, verifyFolder } from '../../../node/verify/verify.ts'
import { decodeCertificate, encodeCertificate } from '../../../protocols/wire/certificate.ts'
import { encodeManifest } from '../../../protocols/wire/cid.ts'
import { open, seal } from '../../../protocols/wire/envelope.ts'
import { equalBytes } from '../../../protocols/wire/hash.ts'
import type { Certificate } from '../../../protocols/wire/messages.ts'
import { isRefusal } from '../../../protocols/wire/refusals.ts'
import { block, buildWorld, FakeChain, hashOf, openStore, ROUNDS, type World } from './world.ts'

const SIGNAL = AbortSignal.any([])

describe('verify', () => {
  let scratch: string
  let world: World
  let copies = 0

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'swarm-verify-'))
    world = await buildWorld(join(scratch, 'world'))
    const sources = await openSources(world.folders.flat(), world.run, readSeat)
    writeModel(await assembleModel(sources, world.run, SIGNAL), world.run, swarmFolder(world.root))
    for (const { store } of sources) await store.close()
  })

  after(() => rmSync(scratch, { recursive: true }))

  function copyOf(from: string, filter: (path: string) => boolean = () => true): string {
    const to = join(scratch, `copy-${copies++}`)
    cpSync(from, to, { recursive: true, filter })
    return to
  }

  /** A copy of the data folder to tamper with, with one peer of each stage. */
  function copy(): string {
    return copyOf(world.root, path => !/peers\/0[1-35-7]/.test(path.replaceAll('\\', '/')))
  }

  function peerOf(stage: number, k: number): string {
    return copyOf(world.folders[stage]![k]!)
  }

  function verify(data: string, chain: FakeChain = world.chain): Promise<Verified> {
    return verifyFolder({ data, connect: async () => chain, onReport: () => undefined, signal: SIGNAL })
  }

  /** The checks that found something false. */
  function wrong({ reports }: Verified): CheckName[] {
    return reports.filter(report => report.holds === false).map(report => report.check)
  }

  async function expectWrong(data: string, check: CheckName, said: RegExp, chain?: FakeChain): Promise<void> {
    const verified = await verify(data, chain)
    expect(wrong(verified)).to.deep.equal([check])
    const report = verified.reports.find(each => each.check === check)
    expect(report?.faults.map(({ where, what }) => `${where}: ${what}`).join('\n')).to.match(said)
    expect(report?.next).to.be.a('string')
  }

  describe('of an untouched folder', () => {
    it('finds that everything holds, and how far it goes', async () => {
      const verified = await verify(world.root)
      expect(verified.reports.map(({ holds }) => holds)).to.deep.equal(Array(9).fill(true))
      expect(verified.extent).to.deep.equal({ certified: ROUNDS, final: 4 })
    })

    it('verifies what a single peer holds: its own stage, and the certificates of others as far as it has them', async () => {
      for (const k of [0, 1]) {
        const verified = await verify(world.folders[1]![k]!)
        expect(wrong(verified)).to.deep.equal([])
        expect(verified.reports.find(({ check }) => check === 'state')?.detail).to.match(/stage 1 to round 5/)
      }
    })

    it('says where there is no exported model, and checks the rest', async () => {
      const data = copy()
      for (const name of ['model.onnx', 'model.safetensors']) rmSync(join(data, name))
      const { reports } = await verify(data)
      expect(allHold(reports)).to.equal(true)
      const model = reports.at(-1)
      expect(model?.holds).to.equal(null)
      expect(model?.detail).to.match(/no exported model/)
    })

    it('changes nothing in it', async () => {
      const listing = () =>
        readdirSync(world.root, { recursive: true, encoding: 'utf8' }).map(name => {
          const { mtimeMs, size } = statSync(join(world.root, name))
          return `${name} ${size} ${mtimeMs}`
        })
      const before = listing()
      await verify(world.root)
      expect(listing()).to.deep.equal(before)
    })
  })

  describe('of a folder with one flipped byte', () => {
    function flip(path: string, at: number): void {
      const bytes = readFileSync(path)
      const index = at < 0 ? bytes.length + at : at
      bytes[index] = bytes[index]! ^ 1
      writeFileSync(path, bytes)
    }

    for (const file of ['certificates-0', 'certificates-1', 'aggregates-000000000003', 'snapshot-0', 'snapshot-1']) {
      for (const at of [2, 20, 400, -300, -1]) {
        it(`finds it in ${file}, byte ${at}`, async () => {
          const data = peerOf(0, 0)
          flip(join(data, 'rounds', file), at)
          expect(wrong(await verify(data))).to.include('storage')
        })
      }
    }

    it('finds it in one of many folders, and still checks the others', async () => {
      const data = copyOf(world.root)
      flip(join(data, 'peers', '02', 'rounds', 'certificates-0'), 500)
      await expectWrong(data, 'storage', /^peers\/02\/rounds: certificates-0 is damaged/)
    })

    it('finds it anywhere in the exported safetensors', async () => {
      const length = statSync(join(world.root, 'model.safetensors')).size
      for (const at of [0, 20, 90, Math.floor(length / 2), length - 1]) {
        const data = copy()
        flip(join(data, 'model.safetensors'), at)
        expect(wrong(await verify(data)), `byte ${at}`).to.include('model')
      }
    })

    it('finds it anywhere in the exported ONNX, parameters or graph', async () => {
      const { size } = statSync(join(world.root, 'model.onnx'))
      for (const at of [1, 14, 200, 1500, Math.floor(size / 2), size - 1]) {
        const data = copy()
        flip(join(data, 'model.onnx'), at)
        const found = wrong(await verify(data))
        expect(found.length, `byte ${at}`).to.equal(1)
      }
    })

    it('names the parameters that differ', async () => {
      const data = copy()
      flip(join(data, 'model.safetensors'), -2)
      await expectWrong(data, 'model', /^model\.safetensors: head\.weight differ/)
    })

    it('finds it anywhere in a manifest', async () => {
      const bytes = encodeManifest(world.run.manifest)
      for (let at = 0; at < bytes.length; at += 23) {
        const data = peerOf(0, 1)
        flip(manifestPath(data), at)
        expect(wrong(await verify(data)), `byte ${at}`).to.deep.equal(['manifest'])
      }
    })
  })

  describe('of a folder whose records are whole, but forged', () => {
    /** Puts a round into a copy of a peer's folder; a record that is there already is replaced. */
    async function rewrite(stage: number, change: (certificate: Certificate) => Certificate | Promise<Certificate>) {
      const data = peerOf(stage, 1)
      const store = await openStore(data, world.run, stage)
      const certificate = decodeCertificate((await store.certificate(stage, 4))!)
      if (isRefusal(certificate)) throw new Error(certificate.detail)
      await store.putCertificate(stage, 4, encodeCertificate(await change(certificate)))
      await store.close()
      return data
    }

    it('refuses a certificate with a signature of other bytes', async () => {
      const data = await rewrite(0, certificate => {
        const [first, ...rest] = certificate.outcomes
        const forged = first!.slice()
        forged[forged.length - 1]! ^= 1
        return { ...certificate, outcomes: [forged, ...rest] }
      })
      await expectWrong(data, 'signatures', /stage 0, round 4: .*signature/)
    })

    it('refuses a certificate below the quorum, or one that counts a seat twice', async () => {
      const fewer = await rewrite(1, certificate => ({ ...certificate, outcomes: certificate.outcomes.slice(1) }))
      await expectWrong(fewer, 'signatures', /2 outcomes where 3 are needed/)
      const twice = await rewrite(1, ({ outcomes: [a, b], ...rest }) => ({ ...rest, outcomes: [a!, b!, b!] }))
      await expectWrong(twice, 'signatures', /sorted by peer, each once/)
    })

    it('refuses an outcome of a peer that is bonded, but sits in another stage', async () => {
      const stranger = world.seats[1]![0]!
      const data = await rewrite(0, async certificate => {
        const { commits, value, outcomes } = certificate
        const sample = await open(outcomes[0]!, { kinds: ['outcome'] })
        if (isRefusal(sample)) throw new Error(sample.detail)
        const { envelope } = await seal(sample.payload, stranger.key)
        return { commits, value, outcomes: [envelope, ...outcomes.slice(1)] }
      })
      await expectWrong(data, 'seats', new RegExp(`${stranger.peer} signed without a bonded seat`))
    })

    it('refuses a value with another reference block, epoch or round', async () => {
      const other = (change: object) =>
        rewrite(0, ({ value, ...rest }) => ({ ...rest, value: { ...value, ...change } }))
      await expectWrong(await other({ reference: { height: 104, hash: hashOf('x') } }), 'seats', /block 104 is not the/)
      await expectWrong(await other({ reference: block(10_000) }), 'seats', /finalised head is/)
      const at = (change: object) =>
        rewrite(0, ({ value, ...rest }) => ({ ...rest, value: { ...value, scope: { ...value.scope, ...change } } }))
      await expectWrong(await at({ epoch: 9 }), 'seats', /it is of epoch 9/)
      await expectWrong(await at({ round: 3 }), 'seats', /it is of round 3/)
      await expectWrong(await at({ epoch: 0 }), 'seats', /its group is not the one/)
    })

    it('refuses an aggregate that was not certified', async () => {
      const data = peerOf(0, 1)
      const store = await openStore(data, world.run, 0)
      const [first, ...rest] = (await store.aggregates(4))!
      const forged = first!.slice()
      forged[5]! ^= 1
      const certificate = (await store.certificate(0, 4))!
      await store.putRound({ round: 4, certificate, partitions: [forged, ...rest] })
      await store.close()
      await expectWrong(data, 'aggregates', /round 4: the aggregate is not the one that was certified/)
    })

    /** @param k - which peer: the first rebuilds from a snapshot, the others from the initial state */
    async function putSnapshot(k: number, change: object, at = 0): Promise<string> {
      const data = peerOf(0, 0)
      const from = await openStore(data, world.run, 0)
      const head = from.snapshots[0]!
      const state = (await from.snapshotPiece(head.round, 0, head.bytes))!
      await from.close()
      const into = k === 0 ? data : peerOf(0, k)
      const store = await openStore(into, world.run, 0)
      if (at > 0) state[at]! ^= 1
      const { round, link, state: stateHash, fullRoot, leaves } = head
      await store.putSnapshot({ round, link, state: stateHash, fullRoot, leaves, ...change }, state)
      await store.close()
      return into
    }

    it('refuses a snapshot of another state, whether it is the start or on the way', async () => {
      await expectWrong(await putSnapshot(0, {}, 8), 'state', /round 4: the snapshot is not/)
      await expectWrong(await putSnapshot(1, {}, 8), 'state', /round 4: the snapshot is not/)
    })

    it('refuses a snapshot of another chain, or with another full root', async () => {
      await expectWrong(await putSnapshot(0, { link: hashOf('x') }), 'state', /another chain of certificates/)
      await expectWrong(await putSnapshot(0, { fullRoot: hashOf('x') }), 'state', /another full root/)
    })

    it('refuses a history that lacks a round of the own stage', async () => {
      const data = peerOf(0, 1)
      const whole = await openStore(data, world.run, 0)
      const rounds = [1, 2, 4, 5]
      const certificates = await Promise.all(rounds.map(round => whole.certificate(0, round)))
      await whole.close()
      rmSync(join(data, 'rounds'), { recursive: true })
      const store = await openStore(data, world.run, 0)
      for (const [index, round] of rounds.entries()) await store.putCertificate(0, round, certificates[index]!)
      await store.close()
      await expectWrong(data, 'hash-chain', /stage 0, round 3: the certificate is missing/)
    })

    it('refuses a folder that says that its peer sits elsewhere', async () => {
      const data = peerOf(0, 1)
      writeSeat(data, 1)
      expect(wrong(await verify(data))).to.deep.equal(['aggregates'])
      writeSeat(data, 7)
      expect(wrong(await verify(data))).to.include('storage')
    })

    it('refuses a model of another run, or of a round that cannot be recomputed', async () => {
      const data = copy()
      const sources = await openSources(world.folders.flat(), world.run, readSeat)
      const model = await assembleModel(sources, world.run, SIGNAL)
      for (const { store } of sources) await store.close()
      writeModel({ ...model, round: ROUNDS + 1 }, world.run, swarmFolder(data))
      await expectWrong(data, 'model', /the state after round 6 cannot be recomputed/)
      writeModel({ ...model, round: 4 }, world.run, swarmFolder(data))
      await expectWrong(data, 'model', /differ from the recomputed parameters of round 4/)
      writeModel(model, { ...world.run, id: 'another' }, swarmFolder(data))
      await expectWrong(data, 'model', /model\.onnx: its metadata name the run another/)
    })

    it('refuses a state that a whole group certified falsely', async () => {
      const lied = await buildWorld(join(scratch, 'lied'), { falseRootAt: 4 })
      await expectWrong(lied.root, 'state', /round 4: the recomputed state is not the certified one/, lied.chain)
    })
  })

  describe('against a chain that says otherwise', () => {
    function chainWith(change: (chain: FakeChain) => void, peers = 8): FakeChain {
      const names = world.seats.flat().map(seat => seat.peer)
      const bonds = names.sort().map((peer, index) => ({ peer, account: `account ${index}`, stake: 1000n }))
      const chain = new FakeChain(bonds.slice(0, peers))
      chain.run = world.run.id
      chain.posted = [...world.chain.posted]
      change(chain)
      return chain
    }

    it('refuses an anchor of a member that does not match', async () => {
      const chain = chainWith(({ posted }) => {
        posted[1] = { ...posted[1]!, link: hashOf('x') }
      })
      await expectWrong(world.root, 'anchors', /^block 104, stage 0, rounds 3 to 4: .* anchored/, chain)
    })

    it('counts as final only what members of the stage anchored', async () => {
      const outsider = world.seats[1]![0]!.peer
      const chain = chainWith(({ posted }) => {
        posted[1] = { ...posted[1]!, peer: outsider, link: hashOf('x') }
      })
      const verified = await verify(world.root, chain)
      expect(wrong(verified)).to.deep.equal([])
      expect(verified.extent.final).to.equal(2)
    })

    it('refuses seats without bonds, other stakes, a chain that is not there yet, and another genesis', async () => {
      const few = chainWith(() => undefined, 7)
      await expectWrong(world.root, 'seats', /needs 8 bonds .* the chain has 7/, few)
      const early = chainWith(chain => {
        chain.head = 1
      })
      await expectWrong(world.root, 'seats', /finalised head is block 1, the run starts at block 3/, early)
      const other = new FakeChain([], hashOf('other'))
      await expectWrong(world.root, 'manifest', /the chain: its genesis is/, other)
    })
  })

  it('of a folder without a manifest is wrong use, with exit 78', async () => {
    const empty = mkdtempSync(join(scratch, 'empty-'))
    const error = await verify(empty).catch((thrown: unknown) => thrown)
    expect(error).to.be.instanceOf(ExitError)
    expect((error as ExitError).exit).to.equal('configuration')
  })

  it('keeps its fixture honest: both certificates of a round are of different signers', async () => {
    const [a, b] = await Promise.all(
      [0, 1].map(async k => {
        const store = await openStore(peerOf(0, k), world.run, 0)
        const encoded = (await store.certificate(0, 1))!
        await store.close()
        return encoded
      }),
    )
    expect(equalBytes(a!, b!)).to.equal(false)
  })
})
