/**
 * "Sometimes" assertions: interesting states that a sweep should meet, or it proves little. A scenario's `reaches` names
 * those that it is there for; a test holds this list against what tier 0 and the library name.
 */
export const STATES: Readonly<Record<string, string>> = {
  'epoch-crossed': 'the chain began an epoch during the run: new beacon, new lanes',
  'view-change-with-lock': 'a replica that is locked went on to a later view',
  'valid-value-reproposed': 'a leader proposed again what had a polka in an earlier view',
  'skip-by-idle': 'a round was skipped because a quorum had nothing to commit',
  'skip-by-views': 'a round was skipped after f + 1 views',
  'forward-rerouted': 'an activation went to another replica than the lane’s',
  'backward-clipped': 'a gradient that came back was scaled down to the bound',
  'off-lane-committed': 'what was computed off the lane entered a commitment',
  restarted: 'a process died and started again on its data',
  'killed-at-write': 'a process died at a flush of its journal',
  'restarted-stale': 'a process started on an old copy of its disk, or on none',
  'restored-from-disk': 'a peer went on from the rounds on its disk',
  'round-restored': 'a peer took up the round that it died in, with its votes and locks',
  'journal-suspended': 'a peer found that its journal may have forgotten what it signed, and signs nothing',
  'journal-resumed': 'such a peer signs again, after a certificate that was made without it',
  'journal-refused': 'the journal refused a signature that contradicts an earlier one',
  'disk-full': 'a disk did not take what had to be remembered, so it was not said',
  'catch-up/replay': 'a peer caught up from certificates and aggregates',
  'catch-up/snapshot': 'a peer caught up from a snapshot of the state',
  'chain-reorganised': 'blocks that were not final were replaced by others',
  'record-refused/stale-record': 'a record of the DHT was older than the one that is known',
  'evidence/double-propose': 'a leader was proven to have proposed twice in a view',
  'evidence/double-prevote': 'a voter was proven to have prevoted twice in a view',
  'evidence/double-precommit': 'a voter was proven to have precommitted twice in a view',
  'evidence/double-commit': 'an author was proven to have committed twice in a round',
  'evidence/double-aggregate': 'an owner was proven to have signed two aggregates of a partition',
  'evidence/double-outcome': 'a replica was proven to have signed two outcomes of a value',
  'evidence/amnesia': 'a voter was proven to have forgotten its lock',
}
