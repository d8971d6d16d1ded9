import { expect } from 'chai'
import { enoughAnswers } from '../../../node/peer/choose-ahead.ts'
import { firstOf } from '../../../node/peer/first-of.ts'

describe('node/peer/first-of', () => {
  const never = new Promise<null>(() => {})

  it('does not wait for those that never answer, once enough have', async () => {
    expect(await firstOf([never, Promise.resolve('a'), Promise.resolve('b')], enoughAnswers(3))).to.deep.equal([
      'a',
      'b',
    ])
  })

  it('a refusal is no answer: others are waited for', async () => {
    const late = Promise.withResolvers<string>()
    const given = firstOf([Promise.resolve(null), Promise.resolve('b'), late.promise], 2)
    late.resolve('c')
    expect(await given).to.deep.equal(['b', 'c'])
  })

  it('ends when all have ended, and rejects as the first that does', async () => {
    expect(await firstOf<string>([], 0)).to.deep.equal([])
    expect(await firstOf([Promise.resolve(null), Promise.resolve(null)], 2)).to.deep.equal([])
    const failed = firstOf([never, Promise.reject(new Error('stopped'))], 2)
    expect(await failed.catch(error => error.message)).to.equal('stopped')
  })
})
