import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { ExitError } from '../../../node/cli/exit.ts'
import { run as runExport } from '../../../node/cli/verbs/export.ts'
import { parseCommand } from '../../../node/config/parse.ts'
import { readSafetensors } from '../../../node/engine/models/index.ts'
import { readModel } from '../../../node/engine/onnx/index.ts'
import { EngineError } from '../../../node/engine/runtime/index.ts'
import { openLanguageModel } from '../../../node/engine/runtime/language-model.ts'
import { generateText } from '../../../node/export/generate.ts'
import { assembleModel, openSources } from '../../../node/export/model.ts'
import { PinnedFolder } from '../../../node/export/pinned-folder.ts'
import { sampleToken, seededDraws } from '../../../node/export/sampling.ts'
import { readSeat } from '../../../node/run/folder.ts'
import { buildWorld, ROUNDS, type World } from '../verify/world.ts'

const SIGNAL = AbortSignal.any([])

describe('export', () => {
  let scratch: string
  let world: World

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'swarm-export-'))
    world = await buildWorld(join(scratch, 'world'))
  })

  after(() => rmSync(scratch, { recursive: true }))

  async function exportWith(args: readonly string[]): Promise<number> {
    const command = parseCommand(['export', '--data', world.root, ...args], {})
    if ('help' in command) throw new Error('not a command')
    const { log } = console
    console.log = () => undefined
    try {
      return await runExport(command.settings, SIGNAL)
    } finally {
      console.log = log
    }
  }

  it('writes the newest round that all stages have, with run and round in the metadata of both files', async () => {
    const out = join(scratch, 'out')
    expect(await exportWith(['--out', out, '--json'])).to.equal(0)
    const { metadata, parameters } = readSafetensors(readFileSync(join(out, 'model.safetensors')))
    expect(metadata).to.deep.equal({ run: world.run.id, round: String(ROUNDS), format: 'swarm-node' })
    const onnx = readModel(readFileSync(join(out, 'model.onnx')))
    expect(Object.fromEntries(onnx.metadata.map(({ key, value }) => [key, value]))).to.deep.equal(metadata)
    const floats = onnx.graph.initializers.filter(({ name }) => parameters.has(name))
    expect(floats.length).to.equal(parameters.size)
  })

  it('gives the same model from the snapshots of one peer and from the whole history of another', async () => {
    const models = await Promise.all(
      [0, 1].map(async k => {
        const sources = await openSources([world.folders[0]![k]!, world.folders[1]![k]!], world.run, readSeat)
        // The other stage may be a snapshot ahead: then the older one is the start.
        const behind = sources.map(source => ({ ...source, toRound: source.stage === 0 ? 3 : ROUNDS }))
        const both = [
          await assembleModel(sources, world.run, SIGNAL),
          await assembleModel(behind, world.run, SIGNAL),
        ] as const
        for (const { store } of sources) await store.close()
        return both
      }),
    )
    const [a, b] = models
    expect(a![0]).to.deep.equal(b![0])
    expect(a![1]).to.deep.equal(b![1])
    expect([a![0].round, a![1].round]).to.deep.equal([ROUNDS, 3])
    expect(a![0].parameters.get('head.weight')).not.to.deep.equal(a![1].parameters.get('head.weight'))
  })

  it('writes any round whose state is still held, and says which are where it is not', async () => {
    const snapshots = [world.folders[0]![0]!, world.folders[1]![0]!]
    const sources = await openSources(snapshots, world.run, readSeat)
    const [from2, from4] = await Promise.all([2, 4].map(round => assembleModel(sources, world.run, SIGNAL, round)))
    expect([from2!.round, from4!.round]).to.deep.equal([2, 4])
    expect(from2!.parameters).not.to.deep.equal(from4!.parameters)
    const failed = await assembleModel(sources, world.run, SIGNAL, 1).catch((error: unknown) => error)
    expect(failed).to.be.instanceOf(ExitError).with.property('message').that.includes('rounds 2 to 5 can be exported')
    for (const { store } of sources) await store.close()
    const out = join(scratch, 'round-3')
    expect(await exportWith(['--out', out, '--round', '3'])).to.equal(0)
    expect(readSafetensors(readFileSync(join(out, 'model.safetensors'))).metadata['round']).to.equal('3')
  })

  it('of a folder that lacks a stage, or whose files are damaged, is an exit 73 that names it', async () => {
    const exitOf = async (folders: readonly string[]): Promise<ExitError> => {
      const opened = await openSources(folders, world.run, readSeat).catch((error: unknown) => {
        if (error instanceof ExitError) return error
        throw error
      })
      if (opened instanceof ExitError) return opened
      const error = await assembleModel(opened, world.run, SIGNAL).catch((thrown: unknown) => thrown)
      for (const { store } of opened) await store.close()
      if (!(error instanceof ExitError)) throw error
      return error
    }
    const half = await exitOf([world.folders[0]![2]!])
    expect([half.exit, half.message]).to.deep.equal(['data', "the data folder holds 1 of the run's 2 stages"])
    const file = join(world.folders[0]![3]!, 'rounds', 'certificates-0')
    const bytes = readFileSync(file)
    writeFileSync(
      file,
      Uint8Array.from(bytes, (byte, at) => (at === 200 ? byte ^ 1 : byte)),
    )
    const damaged = await exitOf([world.folders[0]![3]!])
    writeFileSync(file, bytes)
    expect(damaged.exit).to.equal('data')
    expect(damaged.message).to.match(/certificates-0 is damaged at byte/)
  })

  it('generates the same text again, of as many bytes as asked for, beyond the window', async () => {
    const out = join(scratch, 'text')
    await exportWith(['--out', out])
    const generate = (signal = SIGNAL) =>
      generateText(world.run, join(out, 'model.onnx'), { prompt: 'ab', characters: 40, signal })
    const text = await generate()
    expect(text.startsWith('ab')).to.equal(true)
    expect(text.length).to.be.within(12, 42)
    expect(text).not.to.match(/(?![\n\t])\p{Cc}/u)
    expect(await generate()).to.equal(text)
    const stopped = await generate(AbortSignal.abort(new Error('enough'))).catch((error: Error) => error.name)
    expect(stopped).to.match(/Error/)
  })

  it('gives logits that depend on the tokens before alone', async () => {
    const out = join(scratch, 'logits')
    await exportWith(['--out', out])
    const { model } = world.run.manifest
    const file = readFileSync(join(out, 'model.onnx'))
    const language = await openLanguageModel(file, model)
    const window = Uint8Array.from({ length: model.sequence }, (_, at) => 97 + at)
    const changed = window.slice().fill(7, 5)
    expect(await language.nextLogits(window, 5)).to.deep.equal(await language.nextLogits(changed, 5))
    expect(await language.nextLogits(window, 6)).not.to.deep.equal(await language.nextLogits(changed, 6))
    const error = await language.nextLogits(window, 0).catch((thrown: unknown) => thrown)
    expect(error).to.be.instanceOf(EngineError)
    await language.dispose()
  })
})

describe('sampling', () => {
  it('draws each token as often as its probability, sharpened by the temperature', () => {
    const draw = seededDraws(3)
    const logits = Float32Array.from([0, Math.log(3), -50])
    const counts = [0, 0, 0]
    for (let i = 0; i < 4000; i++) counts[sampleToken(logits, 1, draw())]!++
    expect(counts[1]! / 4000).to.be.closeTo(0.75, 0.03)
    expect(counts[2]).to.equal(0)
    expect(sampleToken(logits, 0.01, 0.999)).to.equal(1)
  })

  it('answers any logits and draw with a token', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, min: -1000, max: 1000 }), { minLength: 1, maxLength: 50 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (logits, draw) => {
          expect(sampleToken(Float32Array.from(logits), 0.8, draw)).to.be.within(0, logits.length - 1)
        },
      ),
    )
  })
})

describe('a pinned folder', () => {
  it('shows files as they were when it was opened, and changes nothing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'swarm-pinned-'))
    try {
      writeFileSync(join(folder, 'a'), 'before')
      mkdirSync(join(folder, 'sub'))
      writeFileSync(join(folder, 'b.new'), 'unfinished')
      const pinned = await PinnedFolder.open(folder)
      appendFileSync(join(folder, 'a'), ' after')
      rmSync(join(folder, 'a'))
      expect(await pinned.list()).to.deep.equal(['a'])
      expect(new TextDecoder().decode((await pinned.read('a'))!)).to.equal('before')
      expect(await pinned.readAt('a', 4, 100)).to.have.length(2)
      expect(await pinned.size('none')).to.equal(null)
      const refused = await pinned.remove('a').catch((error: Error) => error.message)
      expect(refused).to.match(/read only/)
      await pinned.close()
      expect(await (await PinnedFolder.open(join(folder, 'none'))).list()).to.deep.equal([])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
