/** A process of a sweep: runs the seeds that its parent sends, one after the other, and ends with it. */
import { loadHarness } from '../harness.ts'
import { type Job, runJob } from './job.ts'

const [address = '', ...extensions] = process.argv.slice(2)
const harness = loadHarness({ address, extensions })
const stop = new AbortController()

process.on('message', async (job: Job) => {
  const outcome = await runJob(await harness, job, stop.signal)
  process.send?.(outcome)
})
process.on('disconnect', () => process.exit(0))
// A terminal's Ctrl-C reaches every process of the group; the parent decides what it means.
process.on('SIGINT', () => {})
