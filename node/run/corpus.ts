import type { Manifest } from '../../protocols/wire/manifest.ts'
import { ExitError } from '../cli/exit.ts'
import { type Corpus, CorpusError, loadCorpus, verifyCorpus } from '../data/index.ts'

/** Loads a corpus by name or path; a fault is an exit 78. */
export async function loadNamedCorpus(name: string): Promise<Corpus> {
  return asExit(() => loadCorpus(name))
}

/** The run's corpus, checked against the content id in the manifest. */
export async function loadRunCorpus(name: string, manifest: Manifest): Promise<Corpus> {
  return asExit(async () => {
    const corpus = await loadCorpus(name)
    verifyCorpus(corpus.bytes, manifest.corpus.cid)
    return corpus
  })
}

async function asExit(load: () => Promise<Corpus>): Promise<Corpus> {
  try {
    return await load()
  } catch (cause) {
    if (!(cause instanceof CorpusError)) throw cause
    throw new ExitError(
      'configuration',
      cause.message,
      'pass --corpus with the path of the text that the run trains on, or leave it out for moby-dick',
      { cause },
    )
  }
}
