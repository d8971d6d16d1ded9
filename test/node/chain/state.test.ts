import { expect } from 'chai'
import fc from 'fast-check'
import { VersionedState } from '../../../node/chain/state.ts'

describe("the chain's state", () => {
  it('answers for every height as if each state had been kept whole', () => {
    const key = fc.constantFrom('0xa0', '0xa1', '0xa100', '0xa2', '0xb0', '0xb1')
    const value = fc.option(fc.constantFrom('0x1', '0x2', '0x3'))
    fc.assert(
      fc.property(
        fc.dictionary(key, fc.constantFrom('0x1', '0x2')),
        fc.array(fc.dictionary(key, value)),
        (genesis, blocks) => {
          const state = new VersionedState(genesis)
          const whole: Record<string, string>[] = [{ ...genesis }]
          for (const [index, written] of blocks.entries()) {
            state.apply(index + 1, state.changes(written, index))
            const merged = Object.entries({ ...whole[index], ...written }).filter(
              (entry): entry is [string, string] => entry[1] !== null,
            )
            whole.push(Object.fromEntries(merged))
          }
          for (const [height, expected] of whole.entries()) {
            for (const prefix of ['0x', '0xa', '0xa1', '0xb', '0xc']) {
              const keys: string[] = []
              let last = prefix
              for (
                let next = state.nextKey(prefix, last, height);
                next !== undefined;
                next = state.nextKey(prefix, last, height)
              ) {
                keys.push(next)
                last = next
              }
              const wanted = Object.keys(expected).filter(each => each.startsWith(prefix) && each !== prefix)
              expect(keys).to.deep.equal(wanted.sort())
            }
            for (const [name, content] of Object.entries(expected)) expect(state.get(name, height)).to.equal(content)
          }
        },
      ),
    )
  })

  it('keeps of a block only what it changed', () => {
    const state = new VersionedState({ '0xa': '0x1', '0xb': '0x2' })
    expect(state.changes({ '0xa': '0x1', '0xb': null, '0xc': null, '0xd': undefined, '0xe': '0x3' }, 0)).to.deep.equal({
      '0xb': null,
      '0xe': '0x3',
    })
  })

  it('pages through its keys', async () => {
    const view = new VersionedState({ '0xa1': '0x1', '0xa2': '0x1', '0xa3': '0x1', '0xb1': '0x1' }).at(0)
    expect(await view.getKeysPaged('0xa', 2, '0x')).to.deep.equal(['0xa1', '0xa2'])
    expect(await view.getKeysPaged('0xa', 2, '0xa2')).to.deep.equal(['0xa3'])
  })
})
