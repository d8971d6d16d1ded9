/** Micro-batches that this replica will not finish: whoever sent one turns to a sibling. */
import { noteAbandoned } from './measures.ts'
import { disarm, type Job, releaseAll, report, type Step } from './state.ts'

/** Gives a micro-batch up here and says so to who sent it. */
export function abandon(step: Step, job: Job): void {
  disarm(step, job)
  releaseAll(step, job)
  job.phase = 'lost'
  noteAbandoned(step.state, job)
  if (job.from === null) {
    report(step, 'dropped', job)
  } else {
    step.effects.push({ type: 'abandon', to: job.from, id: job.id })
    report(step, 'abandoned', job, job.from)
  }
}

/** All of which this holds. */
export function abandonWhere(step: Step, matches: (job: Job) => boolean): void {
  for (const job of [...step.state.jobs.values()]) if (matches(job)) abandon(step, job)
}
