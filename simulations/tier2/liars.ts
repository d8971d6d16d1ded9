import type { ConcreteScenario } from '../scenario/types.ts'

export function liarOf(_scenario: ConcreteScenario, _peer: number): readonly string[] | null {
  return null
}
