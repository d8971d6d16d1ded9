/** A leader that shows an old polka as if it were a new one. */
import { equalBytes, hashHex } from '../../protocols/wire/hash.ts'
import type { Prevote, Proposal, Signed } from '../../protocols/wire/messages.ts'
import { idOf } from './support.ts'
import type { Attack } from './types.ts'

/** Votes and proposals that are remembered. */
const KEPT = 512

interface Secret {
  readonly carrier: Signed<Proposal>
  readonly polka: readonly Signed<Prevote>[]
  readonly view: number
}

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
    /** Polkas that the own vote completes. */
    const secrets = (quorum: number): Secret[] =>
      proposals.flatMap((carrier): Secret[] => {
        const id = idOf(carrier.payload.value)
        const votes = prevotes.filter(({ payload: { value } }) => value !== null && equalBytes(value, id))
        return [...new Set(votes.map(vote => vote.payload.view))].flatMap((view): Secret[] => {
          const polka = votes.filter(vote => vote.payload.view === view)
          return new Set(polka.map(vote => vote.signer)).size >= quorum ? [{ carrier, polka, view }] : []
        })
      })
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
          // Once it has its secret it helps another value to a polka.
          if (secrets(round.context.group.quorum).length > 0) hands.send(hands.siblings, own, [])
          return true
        }
        if (payload.kind === 'precommit') {
          hands.hear(hands.sign(payload), attachments)
          return true
        }
        if (payload.kind !== 'propose' || payload.view < 2) return false
        const known = round.valid === null ? null : hashHex(round.valid.value)
        for (const { carrier, polka, view } of secrets(round.context.group.quorum)) {
          if (view >= payload.view - 1 || known === hashHex(idOf(carrier.payload.value))) continue
          const lie = hands.sign({ ...payload, value: carrier.payload.value, validView: payload.view - 1 })
          hands.acts()
          hands.send(
            hands.siblings,
            lie,
            [...polka, carrier].map(one => one.envelope),
          )
          hands.hear(lie, [])
          return true
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
