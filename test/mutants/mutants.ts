/**
 * Planted bugs: source patches that a loader hook applies (`hook.ts`), never switches in the shipped code. The sweep must
 * find each within `MAX_SEEDS` seeds of its scenario. A patch whose text is not there any more fails.
 */

export interface Patch {
  readonly file: string
  readonly find: string
  readonly replace: string
}

export interface Mutant {
  readonly name: string
  readonly about: string
  readonly patches: readonly Patch[]
  /** What is swept, in this order, seed by seed. */
  readonly scenarios: readonly string[]
}

export const MAX_SEEDS = 2_000

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'no-lock',
    about: 'a replica precommits a polka without locking it',
    patches: [
      {
        file: 'consensus/round/agreement.ts',
        find: 'if (known !== null) state.lock = { view, value: known.id, otherView: newestOtherLock(state, known.id) }',
        replace: '',
      },
    ],
    scenarios: ['split-stage'],
  },
  {
    name: 'valid-value-forgotten',
    about: 'a leader proposes a new value although it knows one that had a polka',
    patches: [
      {
        file: 'consensus/round/agreement.ts',
        find: 'if (valid !== null) {',
        replace: 'if (valid !== null && view < 0) {',
      },
    ],
    scenarios: ['split-stage'],
  },
  {
    name: 'vote-not-persisted',
    about: 'votes are signed past the journal',
    patches: [
      {
        file: 'node/journal/slots.ts',
        find: 'return hasSlot(payload)',
        replace: "return hasSlot(payload) && payload.kind !== 'prevote' && payload.kind !== 'precommit'",
      },
    ],
    scenarios: ['killed-at-writes'],
  },
  {
    name: 'quorum-2f+1',
    about: 'a quorum is 2f + 1 seats, also where there are more than 3f + 1',
    patches: [
      {
        file: 'consensus/election/group.ts',
        find: 'quorum: sorted.length - faults',
        replace: 'quorum: 2 * faults + 1',
      },
    ],
    scenarios: ['five-and-six'],
  },
  {
    name: 'seats-not-distinct',
    about: 'a certificate counts outcomes, not the different seats that signed them',
    patches: [
      {
        file: 'protocols/wire/certificate.ts',
        find: "if (unsorted !== null) return refuse('out-of-bounds', unsorted)",
        replace: '',
      },
    ],
    scenarios: ['forgers'],
  },
  {
    name: 'stale-record',
    about: 'a record is taken although a newer one of the same peer is known',
    patches: [
      {
        file: 'protocols/discovery/record-book.ts',
        find: 'if (known === undefined || sequence > known.sequence) return null',
        replace: 'if (known === undefined || sequence !== known.sequence) return null',
      },
    ],
    scenarios: ['false-records'],
  },
  {
    name: 'one-signer',
    about: "an aggregate is taken from one candidate's signature",
    patches: [
      {
        file: 'consensus/round/execution.ts',
        find: 'agreed.peers.length > state.context.group.faults',
        replace: 'agreed.peers.length > 0',
      },
    ],
    scenarios: ['false-owners'],
  },
  {
    name: 'seal-without-availability',
    about: 'commitments are sealed although nobody is known to hold them',
    patches: [
      {
        file: 'consensus/round/collect.ts',
        find: 'isAvailable(state.candidates, state.context.group.faults, state.holdings, { author: signer, root: payload.root }),',
        replace: 'signer.length > 0 && payload.root.length > 0,',
      },
      {
        file: 'consensus/round/validity.ts',
        find: 'isAvailable(candidates, context.group.faults, holdings, sealed) &&',
        replace: '',
      },
    ],
    scenarios: ['false-owners'],
  },
  {
    name: 'polka-of-another-view',
    about: 'a proposal is taken with the polka of another view than it names',
    patches: [
      {
        file: 'consensus/round/votes.ts',
        find: '.filter(({ payload }) => payload.view === view)',
        replace: '.filter(({ payload }) => payload.view <= view)',
      },
    ],
    scenarios: ['stale-polkas'],
  },
  {
    name: 'paid-twice',
    about: 'a micro-batch is paid as often as it is listed',
    patches: [{ file: 'consensus/contribution/index.ts', find: ' || paid.has(key)', replace: '' }],
    scenarios: ['false-workers'],
  },
]
