/**
 * `npm run bench -- [name...] [--json]`: runs the named benchmarks, or all but the long ones, in one run, and prints each
 * figure beside its bound. A missed target is told, not an error: how fast a machine is decides no test.
 */
import { type ParseArgsConfig, parseArgs } from 'node:util'
import type { Benchmark } from './measure.ts'
import { jsonReport, tableReport } from './report.ts'

/** Loaded when asked for: each brings the packages of its part. */
const BENCHMARKS: Readonly<Record<string, { readonly long: boolean; load(): Promise<Benchmark> }>> = {
  engine: { long: false, load: async () => (await import('./engine.ts')).engine },
  kernels: { long: false, load: async () => (await import('./kernels.ts')).kernels },
  stream: { long: false, load: async () => (await import('./stream.ts')).stream },
  state: { long: false, load: async () => (await import('./state/main.ts')).state },
  start: { long: false, load: async () => (await import('./start.ts')).start },
  swarm: { long: false, load: async () => (await import('./swarm.ts')).swarm },
  simulations: { long: false, load: async () => (await import('./simulations.ts')).simulations },
  learning: { long: true, load: async () => (await import('./learning/main.ts')).learning },
}

const OPTIONS = { json: { type: 'boolean', default: false } } as const satisfies ParseArgsConfig['options']

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true })
  const unknown = positionals.find(name => !Object.hasOwn(BENCHMARKS, name))
  if (unknown !== undefined) {
    throw new Error(`There is no benchmark "${unknown}"; there are: ${Object.keys(BENCHMARKS).join(', ')}.`)
  }
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)))
  }
  const report = (values.json ? jsonReport : tableReport)(console.log)
  for (const [name, { long, load }] of Object.entries(BENCHMARKS)) {
    if (positionals.length === 0 ? long : !positionals.includes(name)) continue
    const benchmark = await load()
    report.begin(name, benchmark.about)
    for await (const figure of benchmark.run(stop.signal)) {
      report.add(figure)
      stop.signal.throwIfAborted()
    }
  }
  report.end()
}

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
