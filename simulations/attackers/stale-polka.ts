/** A leader that shows an old polka as if it were a new one. */
import { equalBytes, hashHex } from '../../protocols/wire/hash.ts'
import type { Prevote, Proposal, Signed } from '../../protocols/wire/messages.ts'
import { idOf } from './support.ts'
import type { Attack } from './types.ts'

/** Votes and proposals that are remembered. */
const KEPT = 512

export const stalePolka: Attack = {
  name: 'stale-polka',
  about:
    'keeps its prevotes to itself, and as leader proposes a value whose polka only it knows, claiming that the polka is of the last view',
  expect: 'harmless',
  parameters: {},
  start: hands => {
    const prevotes: Signed<Prevote>[] = []
    const proposals: Signed<Proposal>[] = []
    const note = (signed: Signed): void => {
      if (isPrevote(signed) && prevotes.length < KEPT) prevotes.push(signed)
      if (isProposal(signed) && proposals.length < KEPT) proposals.push(signed)
    }
    return {
      opened() {
        prevotes.length = proposals.length = 0
      },
      hears(signed, attachments) {
        for (const one of [signed, ...attachments]) note(one)
      },
      sign(payload, attachments) {
        const round = hands.round()
        if (round === null) return false
        if (payload.kind === 'prevote') {
          const own = hands.sign(payload)
          note(own)
          hands.hear(own, [])
          return true
        }
        if (payload.kind === 'precommit') {
          hands.hear(hands.sign(payload), attachments)
          return true
        }
        if (payload.kind !== 'propose' || payload.view < 2) return false
        const { quorum } = round.context.group
        const last = round.valid === null ? null : hashHex(round.valid.value)
        for (const carrier of proposals) {
          const { value } = carrier.payload
          const id = idOf(value)
          const votes = prevotes.filter(vote => vote.payload.value !== null && equalBytes(vote.payload.value, id))
          for (const view of new Set(votes.map(vote => vote.payload.view))) {
            const polka = votes.filter(vote => vote.payload.view === view)
            if (new Set(polka.map(vote => vote.signer)).size < quorum || view >= payload.view - 1) continue
            if (last === hashHex(id)) continue
            const lie = hands.sign({ ...payload, value, validView: payload.view - 1 })
            hands.acts()
            hands.send(
              hands.siblings,
              lie,
              [...polka, carrier].map(one => one.envelope),
            )
            hands.hear(lie, [])
            return true
          }
        }
        return false
      },
      resends: ({ payload }) => payload.kind !== 'prevote' && payload.kind !== 'precommit',
    }
  },
}

function isPrevote(signed: Signed): signed is Signed<Prevote> {
  return signed.payload.kind === 'prevote'
}

function isProposal(signed: Signed): signed is Signed<Proposal> {
  return signed.payload.kind === 'propose'
}
