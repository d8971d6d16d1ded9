/** The manifest of the default run, for benchmarks that need no chain. */
import { OPTIONS } from '../../node/config/options.ts'
import type { Corpus } from '../../node/data/index.ts'
import { PRESETS } from '../../node/engine/models/index.ts'
import { faultsOf, makeManifest, type RunChoices } from '../../node/run/defaults.ts'
import { ZERO_HASH } from '../../protocols/wire/hash.ts'
import type { Manifest } from '../../protocols/wire/manifest.ts'

export function defaultManifest(
  corpus: Corpus,
  choices: Partial<Pick<RunChoices, 'rule' | 'seed' | 'target' | 'rounds' | 'encoding'>> = {},
): Manifest {
  const replicas = OPTIONS.replicas.default
  return makeManifest({
    model: PRESETS[OPTIONS.model.default]!,
    stages: OPTIONS.stages.default,
    replicas,
    rule: OPTIONS.rule.default,
    f: faultsOf(replicas),
    seed: OPTIONS.seed.default,
    target: OPTIONS.target.default,
    encoding: OPTIONS.encoding.default,
    rounds: OPTIONS.rounds.default,
    corpus: { name: corpus.name, cid: corpus.cid },
    genesis: ZERO_HASH,
    startHeight: 1,
    ...choices,
  })
}
