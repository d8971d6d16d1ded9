import { expect } from 'chai'
import fc from 'fast-check'
import {
  concatBytes,
  hashHex,
  hexBytes,
  merkleProof,
  merkleRoot,
  smallHash,
  verifyProof,
} from '../../../protocols/wire/index.ts'
import { hashOf } from './samples.ts'
import { vectors } from './vectors.ts'

const leavesOf = (count: number): Uint8Array[] => Array.from({ length: count }, (_, index) => hashOf(`leaf ${index}`))

describe('Merkle trees', () => {
  // certificate-transparency-go, merkle tree tests: the inputs and roots of RFC 6962 trees of 0 to 8 leaves.
  it('have the roots of the Certificate Transparency reference tree', () => {
    const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
    const roots = [
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
      'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
      '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
      'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    ]
    const leaves = inputs.map(input => smallHash(concatBytes([Uint8Array.of(0), hexBytes(input)])))
    expect(roots.map((_, count) => hashHex(merkleRoot(leaves.slice(0, count), smallHash)))).to.deep.equal(roots)
  })

  it('keep the vectors in merkle.json', () => {
    const { leaves, roots, proofs } = vectors('merkle')
    const bytes = leaves.map(hexBytes)
    expect(roots).to.deep.equal(bytes.map((_, index) => hashHex(merkleRoot(bytes.slice(0, index + 1), smallHash))))
    expect(proofs).to.deep.equal(bytes.map((_, index) => merkleProof(bytes, index, smallHash).map(hashHex)))
  })

  it('prove every leaf of every size, and only at its place', () => {
    for (let count = 1; count <= 17; count++) {
      const leaves = leavesOf(count)
      const root = merkleRoot(leaves, smallHash)
      for (let index = 0; index < count; index++) {
        const proof = merkleProof(leaves, index, smallHash)
        for (let claimed = 0; claimed < count; claimed++) {
          const holds = verifyProof(root, leaves[index]!, claimed, count, proof, smallHash)
          expect(holds, `${index} of ${count} as ${claimed}`).to.equal(claimed === index)
        }
      }
    }
  })

  it('refuse a proof of which anything was changed', () => {
    const cases = fc
      .integer({ min: 2, max: 40 })
      .chain(count => fc.tuple(fc.constant(count), fc.nat(count - 1), fc.nat(), fc.nat(255)))
    fc.assert(
      fc.property(cases, ([count, index, place, flip]) => {
        const leaves = leavesOf(count)
        const root = merkleRoot(leaves, smallHash)
        const proof = merkleProof(leaves, index, smallHash).map(sibling => sibling.slice())
        const level = place % proof.length
        proof[level]![place % 32]! ^= flip === 0 ? 1 : flip
        expect(verifyProof(root, leaves[index]!, index, count, proof, smallHash)).to.equal(false)
        proof.splice(level, 1)
        expect(verifyProof(root, leaves[index]!, index, count, proof, smallHash)).to.equal(false)
      }),
      { numRuns: 60 },
    )
  })

  it('never throw for nonsense from the wire', () => {
    const [leaf] = leavesOf(1)
    for (const [index, count] of [
      [-1, 1],
      [1, 1],
      [0.5, 2],
      [0, 0],
      [Number.NaN, 2],
      [0, Number.POSITIVE_INFINITY],
    ] as const) {
      expect(verifyProof(leaf!, leaf!, index, count, [], smallHash)).to.equal(false)
    }
    expect(verifyProof(leaf!, new Uint8Array(3), 0, 1, [], smallHash)).to.equal(false)
    expect(() => merkleProof([], 0, smallHash)).to.throw(RangeError)
  })
})
