/** Functions that a model defines itself, put where they are called; ONNX Runtime, which does so too, tells what is right. */
import { expect } from 'chai'
import fc from 'fast-check'
import { differentiate } from '../../../../node/engine/autodiff/index.ts'
import { DataType, type Model, OnnxFormatError, readModel, writeModel } from '../../../../node/engine/onnx/index.ts'
import { ProtobufWriter } from '../../../../node/engine/onnx/protobuf-writer.ts'
import { type Feed, openModel, relativeError } from '../support.ts'

type Write = (writer: ProtobufWriter) => void

const FLOAT = 1
const INT = 2
const GRAPH = 5

const float =
  (name: string, value: number): Write =>
  w => {
    w.text(1, name)
    w.float(2, value)
    w.integer(20, FLOAT)
  }
const int =
  (name: string, value: number): Write =>
  w => {
    w.text(1, name)
    w.integer(3, value)
    w.integer(20, INT)
  }
const reference =
  (name: string, to: string, type = FLOAT): Write =>
  w => {
    w.text(1, name)
    w.text(21, to)
    w.integer(20, type)
  }
const subgraph =
  (name: string, output: string, nodes: readonly Write[]): Write =>
  w => {
    w.text(1, name)
    w.message(6, graph => {
      for (const node of nodes) graph.message(1, node)
      graph.text(2, name)
      graph.message(12, info => info.text(1, output))
    })
    w.integer(20, GRAPH)
  }

interface Options {
  readonly domain?: string
  readonly attributes?: readonly Write[]
  readonly name?: string
}

const node =
  (op: string, inputs: readonly string[], outputs: readonly string[], options: Options = {}): Write =>
  w => {
    for (const input of inputs) w.text(1, input)
    for (const output of outputs) w.text(2, output)
    w.optionalText(3, options.name ?? '')
    w.text(4, op)
    for (const attribute of options.attributes ?? []) w.message(5, attribute)
    w.optionalText(7, options.domain ?? '')
  }

interface FunctionOptions {
  readonly defaults?: readonly Write[]
  /** Names that a call has to give. */
  readonly attributes?: readonly string[]
  readonly opset?: number
}

const lambda =
  (
    name: string,
    inputs: readonly string[],
    outputs: readonly string[],
    nodes: readonly Write[],
    options: FunctionOptions = {},
  ): Write =>
  w => {
    w.text(1, name)
    for (const input of inputs) w.text(4, input)
    for (const output of outputs) w.text(5, output)
    for (const attribute of options.attributes ?? []) w.text(6, attribute)
    for (const body of nodes) w.message(7, body)
    for (const [domain, version] of [
      ['', options.opset ?? 17],
      ['mine', 1],
    ] as const) {
      w.message(9, set => {
        set.optionalText(1, domain)
        set.integer(2, version)
      })
    }
    w.text(10, 'mine')
    for (const attribute of options.defaults ?? []) w.message(11, attribute)
  }

const value =
  (name: string, type: DataType, shape: readonly number[]): Write =>
  w => {
    w.text(1, name)
    w.message(2, outer =>
      outer.message(1, tensor => {
        tensor.integer(1, type)
        tensor.message(2, dims => {
          for (const size of shape) dims.message(1, dim => dim.integer(1, size))
        })
      }),
    )
  }

/** x [2, 3] and a scalar bool c to y [2, 3]. */
function file(nodes: readonly Write[], functions: readonly Write[], outputs: readonly string[] = ['y'], opset = 17) {
  const writer = new ProtobufWriter()
  writer.integer(1, 8)
  writer.message(7, graph => {
    for (const item of nodes) graph.message(1, item)
    graph.text(2, 'main')
    graph.message(11, value('x', DataType.float32, [2, 3]))
    graph.message(11, value('c', DataType.bool, []))
    for (const name of outputs) graph.message(12, value(name, DataType.float32, [2, 3]))
  })
  for (const [domain, version] of [
    ['', opset],
    ['mine', 1],
  ] as const) {
    writer.message(8, set => {
      set.optionalText(1, domain)
      set.integer(2, version)
    })
  }
  for (const item of functions) writer.message(25, item)
  return writer.finish()
}

const mine = (op: string, inputs: readonly string[], outputs: readonly string[], options: Options = {}) =>
  node(op, inputs, outputs, { domain: 'mine', ...options })

const FEEDS: Record<string, Feed> = {
  x: { type: DataType.float32, shape: [2, 3], data: [1, -2, 3, 0.5, -0.25, 2] },
  c: { type: DataType.bool, shape: [], data: [1] },
}

/** What the file computes in ONNX Runtime, once as it is and once as it was read. */
async function both(bytes: Uint8Array) {
  const model = readModel(bytes)
  expect(JSON.stringify(model, (_, item) => (typeof item === 'bigint' ? String(item) : item))).not.to.include(
    '"domain":"mine","inputs"',
  )
  const feeds = Object.fromEntries(Object.entries(FEEDS).filter(([name]) => name === 'x' || uses(model, name)))
  const original = await (await openModel(bytes))(FEEDS)
  const inlined = await (await openModel(writeModel(model)))(FEEDS)
  return { model, original, inlined, feeds }
}

function uses(model: Model, name: string): boolean {
  return model.graph.nodes.some(item => item.inputs.includes(name))
}

const square = lambda('Square', ['a'], ['b'], [node('Mul', ['a', 'a'], ['b'])])

describe('functions that a model defines itself', () => {
  it('are put where they are called, each time with values of its own', async () => {
    const quartic = lambda('Quartic', ['v'], ['w'], [mine('Square', ['v'], ['t']), mine('Square', ['t'], ['w'])])
    const nodes = [
      mine('Quartic', ['x'], ['t'], { name: 'first' }),
      mine('Quartic', ['x'], ['u'], { name: 'second' }),
      node('Add', ['t', 'u'], ['y']),
    ]
    const { model, original, inlined } = await both(file(nodes, [quartic, square]))
    expect(inlined).to.deep.equal(original)
    const names = model.graph.nodes.flatMap(item => item.outputs)
    expect(new Set(names).size).to.equal(names.length)
    expect(model.graph.nodes.map(item => item.opType)).to.deep.equal(['Mul', 'Mul', 'Mul', 'Mul', 'Add'])
    const gradient = await (await openModel(differentiate(model, { withRespectTo: ['x'] })))(FEEDS)
    expect(
      relativeError(
        gradient['d.x']!,
        FEEDS['x']!.data.map(at => 8 * at ** 3),
      ),
    ).to.be.lessThan(1e-6)
  })

  it('takes attributes from the call, then from the defaults, and leaves out what neither gives', async () => {
    const leaky = lambda(
      'Leaky',
      ['a'],
      ['b'],
      [
        node('LeakyRelu', ['a'], ['m'], { attributes: [reference('alpha', 'slope')] }),
        node('Elu', ['m'], ['b'], { attributes: [reference('alpha', 'other')] }),
      ],
      { defaults: [float('slope', 0.5)], attributes: ['other'] },
    )
    const outer = lambda(
      'Outer',
      ['a'],
      ['b'],
      [mine('Leaky', ['a'], ['b'], { attributes: [reference('other', 'given')] })],
      { attributes: ['given'] },
    )
    const nodes = [
      mine('Leaky', ['x'], ['p']),
      mine('Leaky', ['x'], ['q'], { attributes: [float('slope', 0.25)] }),
      mine('Outer', ['x'], ['r'], { attributes: [float('given', 3)] }),
      node('Sum', ['p', 'q', 'r'], ['y']),
    ]
    const { model, original, inlined } = await both(file(nodes, [leaky, outer]))
    expect(inlined).to.deep.equal(original)
    const alphas = model.graph.nodes.map(item => item.attributes.get('alpha'))
    expect(alphas.map(item => (item?.kind === 'float' ? item.value : null))).to.deep.equal([
      0.5,
      null,
      0.25,
      null,
      0.5,
      3,
      null,
    ])
  })

  it('passes on inputs and outputs that are left out, and inputs that are outputs', async () => {
    const bounded = lambda(
      'Bounded',
      ['a', 'low', 'high'],
      ['b', 'same', 'twice'],
      [
        node('Clip', ['a', 'low', 'high'], ['b']),
        node('Add', ['a', 'a'], ['twice']),
        node('Identity', ['a'], ['same']),
      ],
    )
    const through = lambda('Through', ['a', 'z'], ['a', 'b'], [node('Neg', ['a'], ['b'])])
    const nodes = [
      node('Constant', [], ['one'], { attributes: [float('value_float', 1)] }),
      mine('Bounded', ['x', '', 'one'], ['p', '', 'q']),
      mine('Through', ['p'], ['r', 's']),
      node('Sum', ['p', 'q', 'r', 's'], ['y']),
    ]
    const model = readModel(file(nodes, [bounded, through]))
    const run = await openModel(writeModel(model))
    expect((await run(FEEDS))['y']).to.deep.equal(FEEDS['x']!.data.map(at => Math.min(at, 1) + 2 * at))
  })

  it('renames what the graphs of a branch take from around them', async () => {
    const choose = lambda(
      'Choose',
      ['flag', 'a'],
      ['b'],
      [
        node('Mul', ['a', 'a'], ['t']),
        node('If', ['flag'], ['b'], {
          attributes: [
            subgraph('then_branch', 'o', [mine('Square', ['t'], ['o'])]),
            subgraph('else_branch', 'o', [
              node('LeakyRelu', ['t'], ['o'], { attributes: [reference('alpha', 'slope')] }),
            ]),
          ],
        }),
      ],
      { attributes: ['slope'] },
    )
    const nodes = [
      mine('Choose', ['c', 'x'], ['t'], { attributes: [float('slope', 0.1)], name: 'one' }),
      mine('Choose', ['c', 't'], ['y'], { attributes: [float('slope', 0.2)], name: 'two' }),
    ]
    const { original, inlined } = await both(file(nodes, [choose, square]))
    expect(inlined).to.deep.equal(original)
  })

  it('never makes a name that the model has, whatever the model calls its values', async () => {
    const nodes = [
      node('Neg', ['x'], ['call/t']),
      node('Exp', ['x'], ['call/t.1']),
      mine('Twice', ['x'], ['r'], { name: 'call' }),
      node('Sum', ['call/t', 'call/t.1', 'r'], ['y']),
    ]
    const twice = lambda('Twice', ['a'], ['b'], [node('Mul', ['a', 'a'], ['t']), node('Mul', ['t', 'a'], ['b'])])
    const { original, inlined } = await both(file(nodes, [twice]))
    expect(relativeError(inlined['y']!, original['y']!)).to.be.lessThan(1e-6)
  })

  it('reads a function in the operators of its own opset', async () => {
    // Before opset 13 the axis of Softmax began a run of axes: here both of them.
    const soft = lambda('Soft', ['a'], ['b'], [node('Softmax', ['a'], ['b'], { attributes: [int('axis', 0)] })], {
      opset: 11,
    })
    const model = readModel(file([mine('Soft', ['x'], ['y'])], [soft]))
    const result = await (await openModel(differentiate(model, { withRespectTo: ['x'] })))(FEEDS)
    const total = FEEDS['x']!.data.reduce((sum, at) => sum + Math.exp(at), 0)
    expect(
      relativeError(
        result['y']!,
        FEEDS['x']!.data.map(at => Math.exp(at) / total),
      ),
    ).to.be.lessThan(1e-6)
    expect(() => writeModel(model)).to.throw(TypeError, /opset 11/)
  })

  it('refuses calls that do not fit, functions that call themselves, and references outside of one', () => {
    const refusal = (bytes: Uint8Array) => {
      try {
        readModel(bytes)
        return null
      } catch (error) {
        if (!(error instanceof OnnxFormatError)) throw error
        return [error.reason, error.message] as const
      }
    }
    expect(refusal(file([mine('Square', ['x', 'x'], ['y'])], [square]))?.[0]).to.equal('bad-function')
    expect(refusal(file([mine('Square', ['x'], ['y', 'z'])], [square]))?.[1]).to.match(/'Square', which has 1 outputs/)
    const loop = lambda('Loop', ['a'], ['b'], [mine('Loop', ['a'], ['b'])])
    expect(refusal(file([mine('Loop', ['x'], ['y'])], [loop]))?.[0]).to.equal('over-limit')
    const astray = node('Elu', ['x'], ['y'], { attributes: [reference('alpha', 'slope')] })
    expect(refusal(file([astray], []))?.[0]).to.equal('bad-function')
  })

  it('refuses functions that double at each level, before they fill the memory', () => {
    const levels = Array.from({ length: 30 }, (_, level) =>
      lambda(
        `Level${level}`,
        ['a'],
        ['b'],
        [mine(`Level${level + 1}`, ['a'], ['t']), mine(`Level${level + 1}`, ['t'], ['b'])],
      ),
    )
    const last = lambda('Level30', ['a'], ['b'], [node('Neg', ['a'], ['b'])])
    expect(() => readModel(file([mine('Level0', ['x'], ['y'])], [...levels, last]))).to.throw(OnnxFormatError, /unfold/)
  }).timeout(60_000)

  it('refuses a long name that many values inside would begin with', () => {
    const names = Array.from({ length: 200 }, (_, at) => `v${at}`)
    const body = names.map((name, at) => node('Neg', [names[at - 1] ?? 'a'], [name], { name }))
    const long = lambda('Long', ['a'], ['v199'], body)
    const bytes = file([mine('Long', ['x'], ['y'], { name: 'n'.repeat(2 ** 20) })], [long])
    expect(() => readModel(bytes)).to.throw(OnnxFormatError, /too long names/)
  })

  it('answers changed bytes with a model or a typed error', () => {
    const inner = lambda(
      'Inner',
      ['a', 'b'],
      ['o', 'a'],
      [node('LeakyRelu', ['a'], ['t'], { attributes: [reference('alpha', 'slope')] }), mine('Square', ['t'], ['o'])],
      { defaults: [float('slope', 0.5)] },
    )
    const bytes = file([mine('Inner', ['x', ''], ['t', 'u']), node('Add', ['t', 'u'], ['y'])], [inner, square])
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        changes => {
          const changed = bytes.slice()
          for (const [at, to] of changes) changed[at] = to
          try {
            readModel(changed)
          } catch (error) {
            if (!(error instanceof OnnxFormatError)) throw error
          }
        },
      ),
      { numRuns: 1000 },
    )
  })
})
