import { PRESETS } from '../../../../node/engine/models/index.ts'
import { createInlineEngine, createStageEngine } from '../../../../node/engine/runtime/index.ts'
import { closeRound, makeBatches, makeManifest, stageInits, trainMicroBatch } from './support.ts'

const S = +(process.env.S ?? 1),
  R = +(process.env.R ?? 2)
const m = { ...makeManifest(PRESETS['gpt-tiny']), batch: { sequences: 8, target: 8, slack: 1.5 } }
const rss = () => (process.memoryUsage().rss / 1e6).toFixed(0)
console.log('base rss', rss())
let t = performance.now()
const make = process.env.INLINE ? createInlineEngine : createStageEngine
const e = []
for (const i of stageInits(S, m)) e.push(await make(i))
console.log('create ms', (performance.now() - t).toFixed(0), 'rss', rss())
const { draw } = await makeBatches(m)
const ts: number[] = [],
  cs: number[] = []
for (let r = 1; r <= R; r++) {
  let l = 0
  for (let k = 0; k < 8; k++) {
    t = performance.now()
    l += await trainMicroBatch(e, draw(r, k))
    ts.push(performance.now() - t)
  }
  t = performance.now()
  for (const x of e) await closeRound(x, r, 8, true)
  cs.push(performance.now() - t)
  console.log(r, (l / 8).toFixed(4), 'rss', rss())
}
ts.sort((a, b) => a - b)
console.log(
  'micro-batch ms min/med',
  ts[0]!.toFixed(1),
  ts[ts.length >> 1]!.toFixed(1),
  'tok/s best',
  ((1024 / ts[0]!) * 1000).toFixed(0),
  'med',
  ((1024 / ts[ts.length >> 1]!) * 1000).toFixed(0),
  'close ms',
  cs.map(x => x.toFixed(0)).join(),
  'maxRSS',
  (process.resourceUsage().maxRSS / 1e3).toFixed(0),
)
for (const x of e) await x.dispose()
