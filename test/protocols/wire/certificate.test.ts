import { expect } from 'chai'
import fc from 'fast-check'
import {
  type Certificate,
  decodeCertificate,
  encodeCertificate,
  hashHex,
  hashValue,
  hexBytes,
  isRefusal,
  linkOf,
  outcomeHash,
  seal,
  verifyCertificate,
  ZERO_HASH,
} from '../../../protocols/wire/index.ts'
import { commitOf, hashOf, outcomeOf, roundValue, SCOPE, sampleCertificate } from './samples.ts'
import { vectors } from './vectors.ts'

const { certificate, group, seats } = await sampleCertificate()
const outsider = seats[3]!

async function reason(changed: Partial<Certificate>, other: Partial<typeof group> = {}): Promise<string | null> {
  const result = await verifyCertificate({ ...certificate, ...changed }, { ...group, ...other })
  return isRefusal(result) ? result.refused : null
}

describe('certificates', () => {
  it('verify, and say who signed what', async () => {
    const verified = await verifyCertificate(certificate, group, certificate.value.parent)
    if (isRefusal(verified)) throw new Error(verified.detail)
    expect(verified.signers).to.deep.equal(group.seats.slice(0, 3))
    expect(verified.commits.map(commit => commit.signer)).to.deep.equal(group.seats.slice(0, 3))
    expect(verified.valueId).to.deep.equal(hashValue(certificate.value))
  })

  it('keep the vector in certificate.json', () => {
    const vector = vectors('certificate')
    expect(hashHex(encodeCertificate(certificate))).to.equal(vector.certificate)
    expect(decodeCertificate(hexBytes(vector.certificate))).to.deep.equal(certificate)
    const outcome = outcomeOf(certificate.value)
    expect(hashHex(hashValue(certificate.value))).to.equal(vector.valueId)
    expect(hashHex(outcomeHash(outcome))).to.equal(vector.outcomeHash)
    expect(hashHex(linkOf(ZERO_HASH, hashValue(certificate.value), outcomeHash(outcome)))).to.equal(vector.firstLink)
  })

  it('hash outcomes alike but for who was heard', () => {
    const outcome = outcomeOf(certificate.value)
    expect(outcomeHash({ ...outcome, heard: Uint8Array.of(7) })).to.deep.equal(outcomeHash(outcome))
    expect(outcomeHash({ ...outcome, state: hashOf('other') })).not.to.deep.equal(outcomeHash(outcome))
  })

  it('are refused below the quorum, with strangers, twice the same signer, or unsorted', async () => {
    const [a, b, c] = certificate.outcomes as [Uint8Array, Uint8Array, Uint8Array]
    expect(await reason({ outcomes: [a, b] })).to.equal('out-of-bounds')
    expect(await reason({}, { quorum: 4 })).to.equal('out-of-bounds')
    expect(await reason({}, { seats: group.seats.slice(1) })).to.equal('no-seat')
    expect(await reason({ outcomes: [a, b, b] })).to.equal('out-of-bounds')
    expect(await reason({ outcomes: [b, a, c] })).to.equal('out-of-bounds')
    expect(await reason({}, { groupHash: hashOf('other') })).to.equal('wrong-group')
  })

  it('are refused where an outcome differs, is of another value, scope or kind', async () => {
    const [a, b] = certificate.outcomes as [Uint8Array, Uint8Array]
    const key = seats[2]!.key
    const outcome = outcomeOf(certificate.value)
    const third = async (payload: Parameters<typeof seal>[0]): Promise<Partial<Certificate>> => ({
      outcomes: [a, b, (await seal(payload, key)).envelope],
    })
    expect(await reason(await third({ ...outcome, state: hashOf('other') }))).to.equal('contradiction')
    expect(await reason(await third({ ...outcome, value: hashOf('other') }))).to.equal('wrong-hash')
    expect(await reason(await third({ ...outcome, scope: { ...SCOPE, round: 18 } }))).to.equal('wrong-group')
    expect(await reason(await third(commitOf(seats[2]!.name)))).to.equal('not-allowed')
  })

  it('are refused where the commits are not those that were sealed', async () => {
    const [a, b, c] = certificate.commits as [Uint8Array, Uint8Array, Uint8Array]
    const sealCommit = async (change: object): Promise<Uint8Array> =>
      (await seal({ ...commitOf(seats[2]!.name), ...change }, seats[2]!.key)).envelope
    expect(await reason({ commits: [a, b] })).to.equal('out-of-bounds')
    expect(await reason({ commits: [a, c, b] })).to.equal('wrong-hash')
    expect(await reason({ commits: [a, b, await sealCommit({ root: hashOf('other') })] })).to.equal('wrong-hash')
    // The sealed root, but leaves that do not hash to it.
    expect(await reason({ commits: [a, b, await sealCommit({ leaves: [hashOf('other')] })] })).to.equal('wrong-hash')
    expect(await reason({ commits: [a, b, await sealCommit({ scope: { ...SCOPE, epoch: 4 } })] })).to.equal(
      'wrong-group',
    )
    const byOutsider = (await seal(commitOf(outsider.name), outsider.key)).envelope
    expect(await reason({ commits: [a, b, byOutsider] })).to.equal('wrong-hash')
  })

  it('are refused where they do not follow the expected parent', async () => {
    const parent = { value: hashOf('other'), outcome: certificate.value.parent.outcome }
    const result = await verifyCertificate(certificate, group, parent)
    expect(isRefusal(result) && result.refused).to.equal('wrong-hash')
  })

  it('of a SKIP carry no commits and no aggregate', async () => {
    const value = { ...roundValue([]), commits: 'skip' as const }
    const skip = async (aggregateRoot: Uint8Array): Promise<Certificate> => ({
      value,
      outcomes: await Promise.all(
        seats.slice(0, 3).map(async seat => (await seal({ ...outcomeOf(value), aggregateRoot }, seat.key)).envelope),
      ),
      commits: [],
    })
    expect(isRefusal(await verifyCertificate(await skip(ZERO_HASH), group))).to.equal(false)
    expect(isRefusal(await verifyCertificate(await skip(hashOf('aggregate')), group))).to.equal(true)
  })

  it('are refused or unchanged after any change of a byte', async () => {
    const encoded = encodeCertificate(certificate)
    await fc.assert(
      fc.asyncProperty(fc.nat(encoded.byteLength - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const decoded = decodeCertificate(encoded.map((byte, index) => (index === at ? byte ^ flip : byte)))
        return isRefusal(decoded) || isRefusal(await verifyCertificate(decoded, group))
      }),
      { numRuns: 150 },
    )
  })
})
