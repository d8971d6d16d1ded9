import { expect } from 'chai'
import { report } from '../verify-all/report.ts'

const checks = [
  { name: 'one', claim: 'holds | for ever' },
  { name: 'two', claim: 'holds' },
]
const about = { version: '0.1.0', machine: 'a machine' }
const line = { passed: true, seconds: 5, today: '2026-01-02', commit: 'abc1234' }
const rows = (page: string) => page.split('\n').filter(text => /^\| (one|two) /.test(text))

describe('docs/reference/verification.md', () => {
  it('keeps the lines of checks that were not run now, each with its own day and commit', () => {
    const first = report(about, checks, [{ ...checks[0]!, ...line, saw: 'a | b\nc' }], '')
    expect(rows(first)).to.deep.equal([
      '| one | holds / for ever | holds | a / b c | 5 | 2026-01-02 | abc1234 |',
      '| two | holds | not run | - | - | - | - |',
    ])
    const second = report(
      about,
      checks,
      [{ ...checks[1]!, ...line, passed: false, saw: 'x', today: '2026-02-03' }],
      first,
    )
    expect(rows(second)).to.deep.equal([
      '| one | holds / for ever | holds | a / b c | 5 | 2026-01-02 | abc1234 |',
      '| two | holds | DOES NOT HOLD | x | 5 | 2026-02-03 | abc1234 |',
    ])
  })

  it('holds of a check that failed what was wrong, not all that it said', () => {
    const seen = (saw: string, passed = false): string | undefined =>
      rows(report(about, checks, [{ ...checks[1]!, ...line, passed, saw }], ''))[1]?.split(' | ')[3]
    expect(seen('\nwaited 120000 ms for round 3 \n  peer 0 runs\n    {"event":"synced"}')).to.equal(
      'waited 120000 ms for round 3',
    )
    expect(seen('x'.repeat(300))).to.equal('x'.repeat(300))
    expect(seen('x'.repeat(301))).to.equal(`${'x'.repeat(299)}…`)
    expect(seen('a\nb', true), 'what a check that holds saw').to.equal('a b')
  })

  it('forgets a line whose claim is another now', () => {
    const first = report(about, checks, [{ ...checks[1]!, ...line, saw: 'x' }], '')
    const [, two] = rows(report(about, [checks[0]!, { name: 'two', claim: 'holds longer' }], [], first))
    expect(two).to.equal('| two | holds longer | not run | - | - | - | - |')
  })
})
