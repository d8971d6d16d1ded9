import { expect } from 'chai'
import { Account } from '../../../node/network/accounts.ts'
import { FRAMES_BURST, FRAMES_PER_MS } from '../../../node/network/constants.ts'

const MINUTE_MS = 60_000

describe('the account of a peer', () => {
  it('is given back for frames what time passed as soon as what waited is taken: a slow line is no flood', () => {
    const account = new Account(0)
    for (let minute = 1; minute <= 60; minute++) {
      account.frames += FRAMES_BURST / 2
      account.reduce((minute - 0.5) * MINUTE_MS, false)
      expect(account.frames).to.equal(FRAMES_BURST / 2)
      account.reduce(minute * MINUTE_MS, true)
      expect(account.frames).to.equal(0)
    }
  })

  it('is given back nothing for frames while it takes no answer, however long, and no more than the time that passed', () => {
    const account = new Account(0)
    account.frames = FRAMES_BURST
    account.reduce(MINUTE_MS, false)
    expect(account.frames).to.equal(FRAMES_BURST)
    account.reduce(MINUTE_MS, true)
    account.frames = FRAMES_BURST
    account.reduce(MINUTE_MS + 1, true)
    expect(account.frames).to.equal(FRAMES_BURST - FRAMES_PER_MS)
  })
})
