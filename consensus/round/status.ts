/** Why the round waits, in words: the user sees at once that a replica is missing, and how many. */
import { availableCommits, minimumCommits } from './collect.ts'
import { executesDecided, missingCommits } from './execution.ts'
import { leadingOutcomes } from './outcome.ts'
import { closedSeats, leaderOf, type RoundState } from './state.ts'
import type { RoundPhase } from './types.ts'
import { seatsAt } from './votes.ts'

const SENTENCES: Readonly<Record<RoundPhase, (state: RoundState) => string>> = {
  collect: state => {
    const closed = closedSeats(state)
    if (closed >= state.context.group.quorum)
      return more(minimumCommits(state.context) - availableCommits(state).length, 'available commitment')
    return `stage ${state.context.scope.stage} needs ${more(state.context.group.quorum - closed, 'replica')} to finish its work`
  },
  propose: state => {
    const missing = minimumCommits(state.context) - availableCommits(state).length
    const leader = `the proposal of ${leaderOf(state, state.view) ?? 'nobody'}`
    return missing > 0 ? `${leader}, which needs ${more(missing, 'available commitment')}` : leader
  },
  prevote: state => more(state.context.group.quorum - seatsAt(state, state.view, 'prevote'), 'prevote'),
  precommit: state => more(state.context.group.quorum - seatsAt(state, state.view, 'precommit'), 'precommit'),
  execute: state => {
    const { execution } = state
    if (execution === null || !executesDecided(state)) return 'the decided value'
    const commits = missingCommits(execution.known).length
    if (commits > 0) return more(commits, 'sealed commitment')
    if (execution.asked) return 'the own optimiser'
    return more(execution.parts.filter(part => !part.local).length, 'aggregated partition')
  },
  certify: state => more(state.context.group.quorum - leadingOutcomes(state).length, 'equal outcome'),
  done: () => 'nothing',
}

export function phaseOf(state: RoundState): RoundPhase {
  if (state.done) return 'done'
  if (state.decided === null) return state.begun ? state.step : 'collect'
  return state.execution === null || state.execution.outcome === null ? 'execute' : 'certify'
}

/** Says so when the reason has changed. */
export function reportStatus(state: RoundState): void {
  const phase = phaseOf(state)
  const waitingFor = SENTENCES[phase](state)
  const status = `${state.view}/${phase}/${waitingFor}`
  if (status === state.status) return
  state.status = status
  state.effects.push({ type: 'status', view: state.view, phase, waitingFor })
}

function more(count: number, what: string): string {
  return count <= 0 ? `late ${what}s` : `${count} more ${what}${count === 1 ? '' : 's'}`
}
