/** Wording of the start: which step has ended, and what is being waited for now. */
import type { StartPhase } from '../../events/types.ts'
import type { Progress } from './progress.ts'
import { secondsText } from './text.ts'

/** What goes on once a step has ended. */
const NEXT: Record<StartPhase, string> = {
  chain: 'stakes and bonds are put on the chain',
  bond: 'the peers start',
  seats: 'the peers dial each other',
  dial: 'the peers compare how far they are',
  sync: 'the first round is trained',
  round: '',
}

/** What is being waited for before the first round is certified, in a few words. */
export function startingText(progress: Progress, begins: string): string {
  const phase = [...progress.phases.keys()].at(-1)
  const waiting = [...progress.stages.values()].map(stage => stage.waitingFor).find(text => text !== '')
  if (waiting !== undefined) return waiting
  const isAssembling = phase === 'bond' || (phase === 'seats' && progress.readyPeers.size < progress.peers)
  if (isAssembling) return `${progress.readyPeers.size} of ${progress.peers} peers are ready`
  return phase === undefined ? begins : NEXT[phase]
}

/** One line for a step that ended. */
export function phaseLine(phase: StartPhase, ms: number): string {
  const next = NEXT[phase]
  return `start    ${phase} took ${secondsText(ms)}${next === '' ? '' : `; now ${next}`}`
}

/** All steps that ended so far, in one line. */
export function phasesText(progress: Progress): string {
  return [...progress.phases].map(([phase, ms]) => `${phase} ${secondsText(ms)}`).join(', ')
}
