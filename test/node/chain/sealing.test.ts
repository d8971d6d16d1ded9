import { expect } from 'chai'
import { readAccounts } from '../../../node/chain/accounts.ts'
import { GATHER_MS, MAX_POOL, VALIDATION_WAIT_MS } from '../../../node/chain/constants.ts'
import { readOptions } from '../../../node/chain/options.ts'
import { Pool, type Status } from '../../../node/chain/pool.ts'
import { sealDueMs } from '../../../node/chain/sealing.ts'
import { ExitError } from '../../../node/cli/exit.ts'

const options = { minBlockMs: 1_000, emptyBlockMs: 6_000 }

describe('when a block is sealed', () => {
  it('after six seconds where nothing waits', () => {
    expect(sealDueMs({ lastBlockMs: 100, firstWaitingMs: null, validating: 1 }, options)).to.equal(6_100)
  })

  it('at most once a second where transactions wait, and not before others could join', () => {
    expect(sealDueMs({ lastBlockMs: 100, firstWaitingMs: 200, validating: 0 }, options)).to.equal(1_100)
    expect(sealDueMs({ lastBlockMs: 100, firstWaitingMs: 5_000, validating: 0 }, options)).to.equal(5_000 + GATHER_MS)
  })

  it('later, but not much later, while transactions are being checked', () => {
    expect(sealDueMs({ lastBlockMs: 100, firstWaitingMs: 5_000, validating: 3 }, options)).to.equal(
      5_000 + VALIDATION_WAIT_MS,
    )
  })
})

describe('the pool', () => {
  it('tells what became of a transaction: ready, in a block, final, or invalid', () => {
    const pool = new Pool()
    const [a, b]: Status[][] = [[], []]
    pool.add('0x0a', 'alice', 5, status => a!.push(status))
    pool.add('0x0b', 'alice', 6, status => b!.push(status))
    expect([pool.firstWaitingMs, pool.countOf('alice'), pool.countOf('bob')]).to.deep.equal([5, 2, 0])
    pool.settle(pool.extrinsics, new Set(['0x0a']), 7, '0x77')
    pool.finalize(6)
    expect(a).to.deep.equal(['ready', { inBlock: '0x77' }])
    pool.finalize(7)
    pool.finalize(8)
    expect(a).to.deep.equal(['ready', { inBlock: '0x77' }, { finalized: '0x77' }])
    expect(b).to.deep.equal(['ready', 'invalid'])
    expect([pool.firstWaitingMs, pool.extrinsics]).to.deep.equal([null, []])
  })

  it('tells nothing to who no longer listens, and takes each transaction once', () => {
    const pool = new Pool()
    const heard: Status[] = []
    const unwatch = pool.add('0x0a', 'alice', 5, status => heard.push(status))
    expect(() => pool.add('0x0a', 'alice', 6)).to.throw('Already Imported')
    unwatch()
    pool.settle(['0x0a'], new Set(['0x0a']), 1, '0x01')
    expect(heard).to.deep.equal(['ready'])
  })

  it('is bounded', () => {
    const pool = new Pool()
    for (let index = 0; index < MAX_POOL; index++) pool.add(`0x${index}`, 'alice', 0)
    expect(() => pool.add('0xff', 'alice', 0)).to.throw('full')
  })
})

describe("the chain program's options", () => {
  it('have the documented defaults', () => {
    expect(readOptions(['--data', '/nowhere'])).to.deep.equal({
      data: '/nowhere',
      host: '127.0.0.1',
      port: 0,
      accounts: undefined,
      minBlockMs: 1_000,
      emptyBlockMs: 6_000,
      finalityLag: 1,
      parentStdin: false,
    })
  })

  it('are refused with the exit code for usage where they make no sense', () => {
    for (const args of [
      [],
      ['--data', 'x', '--port', '70000'],
      ['--data', 'x', '--finality-lag', '1.5'],
      ['--data', 'x', 'y'],
    ]) {
      expect(() => readOptions(args))
        .to.throw(ExitError)
        .with.property('exit', 'usage')
    }
  })

  it('take accounts as a list or with balances, and nothing else', () => {
    const alice = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'
    const key = 'd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d'
    expect(readAccounts([alice])).to.deep.equal({ [key]: '10000000000000000' })
    expect(readAccounts({ [alice]: 5 })).to.deep.equal({ [key]: '5' })
    for (const wrong of [null, 5, 'x', ['x'], { [alice]: -1 }, { [alice]: 'x' }, [5]]) {
      expect(() => readAccounts(wrong), JSON.stringify(wrong)).to.throw(ExitError)
    }
  })
})
