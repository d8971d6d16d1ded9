import { PRESETS } from '../../../../node/engine/models/index.ts'
import { createStageEngine } from '../../../../node/engine/runtime/index.ts'
import { closeRound, makeBatches, makeManifest, stageInits } from './support.ts'

const m = { ...makeManifest(PRESETS['gpt-tiny']), batch: { sequences: 8, target: 8, slack: 1.5 } }
const k = +process.env.K!
const rss = () => (process.memoryUsage().rss / 1e6).toFixed(0)
const base = rss()
const e = await createStageEngine(stageInits(2, m, 4)[k]!)
const made = rss()
const { draw } = await makeBatches(m)
const g = new Uint8Array(new Float32Array(e.shape.boundaryBytes / 4).map((_, i) => Math.sin(i) * 1e-4).buffer)
for (let r = 1; r <= 3; r++) {
  await e.beginRound()
  for (let j = 0; j < 16; j++) {
    if (k) await e.head(g, draw(r, j).targets, 'lane')
    else {
      await e.forward(draw(r, j).tokens)
      await e.backward(draw(r, j).tokens, g, 'lane')
    }
  }
  await closeRound(e, r, 16)
}
console.log(
  'stage',
  k,
  'base',
  base,
  'made',
  made,
  'end',
  rss(),
  'max',
  (process.resourceUsage().maxRSS / 1e3).toFixed(0),
  JSON.stringify(e.shape),
)
await e.dispose()
