import { expect } from 'chai'
import type { DecidedChanges } from '../../../consensus/membership/index.ts'
import { firstLedger, nextLedger } from '../../../node/peer/ledger.ts'
import {
  CLAIMS_FROM,
  claimOf,
  initOf,
  RULES,
  RUN,
  rosterOf,
  START,
  seat,
  shown,
} from '../../consensus/recovery/world.ts'

describe('the ledger of an epoch', () => {
  const rules = { run: RUN, stages: 1, replicas: 4 }
  const roster = rosterOf([5])
  const next = (decided: readonly DecidedChanges[]) => {
    const { beacon, bonded } = initOf({ before: roster, leases: [] })
    return { beacon, bonded, decided }
  }
  const changes = (epoch: number): DecidedChanges => ({
    ...{ stage: 0, round: 8, epoch },
    changes: [{ peer: seat(4), act: 'remove-left' }],
  })
  const claims = [0, 1, 2, 4].map(index => claimOf(CLAIMS_FROM, seat(index), { newest: shown(9), holds: true }))

  it('takes no decisions of the group that was lost, though their record comes after the stage was re-formed', () => {
    const step = { rules, leaseRules: RULES, beaconHeight: 160, startHeight: 170 }
    const ledger = firstLedger(rules, START)
    const reformed = nextLedger({ ...step, before: { roster, ledger }, next: next([]), events: claims })
    expect(reformed.ledger.recoveries).to.have.length(1)
    const rosterAfter = (epoch: number) =>
      nextLedger({ ...step, before: reformed, next: next([changes(epoch)]), events: [], beaconHeight: 230 }).roster
    expect(rosterAfter(4).stageOf.get(seat(4))).to.equal(0)
    expect(rosterAfter(4).departing.size).to.equal(0)
    expect(rosterAfter(5).departing.get(seat(4))?.act).to.equal('remove-left')
  })
})
