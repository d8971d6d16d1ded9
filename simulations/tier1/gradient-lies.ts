/** The attacks on learning, carried out by a peer: it commits what they forge, on data that they corrupt. */
import type { Run } from '../../node/run/folder.ts'
import { createMemory, type GradientAttack, parametersOf } from '../attackers/gradient/index.ts'
import type { Attack } from '../attackers/types.ts'

/** Colluders of a stage share what an attack remembers. */
export function gradientLie({ manifest }: Run, attack: GradientAttack): Pick<Attack, 'start'> {
  const memories = new Map<number, ReturnType<typeof createMemory>>()
  return {
    start(hands, given) {
      const parameters = parametersOf(attack, given)
      if (typeof parameters === 'string') throw new RangeError(parameters)
      const memory = memories.get(hands.stage) ?? createMemory()
      memories.set(hands.stage, memory)
      const view = { random: () => hands.random.next(), memory, parameters }
      const liars = hands.colluders.filter(({ stage }) => stage === hands.stage).length
      const { corrupt } = attack
      return {
        gradient(own, round) {
          hands.acts()
          return attack.forge({
            ...view,
            round,
            own,
            honest: [],
            liars,
            seats: manifest.replicas,
            faults: manifest.aggregation.f,
            previousAggregate: null,
            combine: null,
          })
        },
        ...(corrupt === undefined
          ? {}
          : {
              targets: (targets: Uint8Array, round: number) =>
                corrupt({ ...view, round, batch: { tokens: targets, targets }, vocabulary: manifest.model.vocabulary })
                  .targets,
            }),
      }
    },
  }
}
