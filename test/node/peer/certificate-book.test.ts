import { expect } from 'chai'
import type { Roster } from '../../../consensus/membership/index.ts'
import type { Recovery } from '../../../consensus/recovery/index.ts'
import { CertificateBook } from '../../../node/peer/certificate-book.ts'
import type { Epoch } from '../../../node/peer/epoch.ts'
import type { Run } from '../../../node/run/folder.ts'
import { encodeCertificate } from '../../../protocols/wire/certificate.ts'
import type { Certificate } from '../../../protocols/wire/messages.ts'
import { hashOf, sampleCertificate } from '../../protocols/wire/samples.ts'

describe("node/peer's certificate book", () => {
  let sample: Certificate

  before(async () => {
    sample = (await sampleCertificate()).certificate
  })

  /** Of the sample's round, in another epoch. */
  function certified(epoch: number): Certificate {
    return { ...sample, value: { ...sample.value, scope: { ...sample.value.scope, epoch } } }
  }

  /** A book of another stage, in whose epoch nobody has a seat: what passes the door is refused as of no stage. */
  function open(stored: Certificate | null, recoveries: readonly Partial<Recovery>[], epoch: number): CertificateBook {
    return new CertificateBook({
      run: { manifest: { stages: 2 } } as Run,
      stage: sample.value.scope.stage + 1,
      membership: {
        recoveries: () => recoveries as Recovery[],
        isPassedOver: () => false,
        newest: { epoch } as Roster,
        epoch: () => Promise.resolve({ number: epoch, groups: [] as readonly unknown[] } as Epoch),
      },
      store: {
        newest: () => null,
        certificate: () => Promise.resolve(stored === null ? null : encodeCertificate(stored)),
        putCertificate: () => Promise.resolve(),
      },
      epoch: () => epoch,
      signal: new AbortController().signal,
      onStored: () => undefined,
    })
  }

  const reformed = (base: number, resume: number, epoch: number): Partial<Recovery> => ({
    base: { round: base, value: hashOf('value'), outcome: hashOf('outcome') },
    resume,
    epoch,
  })

  it('knows a round of which it has a certificate', async () => {
    const { epoch } = sample.value.scope
    expect(await open(sample, [], epoch).admit(sample)).to.include({ refused: 'duplicate' })
    expect(await open(null, [], epoch).admit(sample)).to.include({ refused: 'wrong-stage' })
  })

  it('takes another round of that number where the stage has left the one that it has', async () => {
    const { epoch, round } = sample.value.scope
    const recoveries = [reformed(round - 2, round, epoch + 1)]
    const book = open(sample, recoveries, epoch + 1)
    expect(await book.admit(certified(epoch + 1))).to.include({ refused: 'wrong-stage' })
    const kept = open(certified(epoch + 1), recoveries, epoch + 1)
    expect(await kept.admit(certified(epoch + 1))).to.include({ refused: 'duplicate' })
  })

  it('refuses a round that the stage has left, also where it has none of that number', async () => {
    const { epoch, round } = sample.value.scope
    const book = open(null, [reformed(round - 2, round, epoch + 1)], epoch + 1)
    expect(await book.admit(sample)).to.include({ refused: 'wrong-epoch' })
    const base = open(null, [reformed(round, round + 3, epoch + 1)], epoch + 1)
    expect(await base.admit(sample)).to.include({ refused: 'wrong-stage' })
  })
})
