/**
 * Mimic: every liar copies one honest replica, so that robust rules weigh it too much and the rest too little (S. P.
 * Karimireddy, L. He and M. Jaggi, "Byzantine-Robust Learning on Heterogeneous Datasets via Bucketing", ICLR 2022). Copied is
 * the one furthest along the direction z in which the honest differ most, which Oja's rule learns in
 * the first rounds. It can only hurt where the honest differ by more than noise: with heterogeneous data.
 */
import type { AttackMemory, GradientAttack, GradientView } from './types.ts'
import { dot, meanOf, norm, normal, plus, scaledBy, seen } from './vectors.ts'

export const mimic: GradientAttack = {
  name: 'mimic',
  about: 'commits a copy of one honest gradient, of the replica that differs most from the rest',
  source: 'Karimireddy, He and Jaggi, ICLR 2022',
  parameters: { learnRounds: 20 },
  forge: view => {
    const vectors = seen(view)
    if (hasToLearn(view)) learn(view, vectors)
    const z = view.memory.vectors.get('mimic.z')!
    return vectors.reduce((best, vector) => (dot(z, vector) > dot(z, best) ? vector : best)).slice()
  },
}

/** Colluders share what they know: the first of a round learns for all. */
function hasToLearn({ memory: { numbers }, round, parameters }: GradientView): boolean {
  const last = numbers.get('mimic.round')
  return last === undefined || (last < round && numbers.get('mimic.steps')! < parameters['learnRounds']!)
}

/**
 * One step of Oja's rule: mu = (t mu + mean) / (t + 1), z = (t z + C z / |C z|) / (t + 1), |z| = 1, with C the sum over honest
 * vectors of (x - mu)(x - mu)^T.
 */
function learn({ memory, round, random }: GradientView, vectors: readonly Float32Array[]): void {
  const steps = memory.numbers.get('mimic.steps') ?? 0
  const mean = meanOf(vectors)
  const mu = blend(memory.vectors.get('mimic.mu') ?? mean, mean, steps)
  const z = memory.vectors.get('mimic.z') ?? unit(mean.map(() => normal(random)))
  const pulled = vectors.reduce((sum, vector) => {
    const centred = plus(vector, -1, mu)
    return plus(sum, dot(centred, z), centred)
  }, new Float32Array(mean.length))
  remember(memory, { mu, z: norm(pulled) > 0 ? unit(blend(z, unit(pulled), steps)) : z, round, steps: steps + 1 })
}

function remember(
  { vectors, numbers }: AttackMemory,
  { mu, z, round, steps }: { mu: Float32Array; z: Float32Array; round: number; steps: number },
): void {
  vectors.set('mimic.mu', mu)
  vectors.set('mimic.z', z)
  numbers.set('mimic.round', round)
  numbers.set('mimic.steps', steps)
}

/** The average of `steps` times the old and once the new. */
function blend(old: Float32Array, added: Float32Array, steps: number): Float32Array {
  return plus(scaledBy(old, steps / (steps + 1)), 1 / (steps + 1), added)
}

function unit(vector: Float32Array): Float32Array {
  const length = norm(vector)
  return length > 0 ? scaledBy(vector, 1 / length) : vector
}
