/** Run by kill.test.ts: signs other things for the same slots in every life, and prints each signature it gets. */
import { writeSync } from 'node:fs'
import { openFolder, SigningJournal } from '../../../node/journal/index.ts'
import { slotOf } from '../../../protocols/wire/table.ts'
import { aggregate, placeAt, prevote, SIGNER, seal } from './payloads.ts'

const folder = process.argv[2]!
const life = Number(process.argv[3])
const storage = await openFolder(folder)
const journal = await SigningJournal.open({ storage, signer: SIGNER, seal, expectExisting: false })

for (let round = 0; ; round++) {
  const payloads = [
    prevote(round, 0, life),
    prevote(round, 1, life),
    aggregate(round, 0, life),
    aggregate(round, 1, life),
  ]
  const lock = { ...placeAt(round), name: 'lock', bytes: new Uint8Array(100_000) }
  const results = [...(await journal.signAll(payloads, [lock])), await journal.sign(prevote(round, 2, life))]
  for (const result of results) {
    if (!('payload' in result)) continue
    const { payload } = result
    const said = payload.kind === 'aggregate' ? payload.hash[0] : payload.value?.[0]
    writeSync(1, `${slotOf(payload)} ${said}\n`)
  }
  if (round % 2 === 0) await journal.decided(placeAt(round))
}
