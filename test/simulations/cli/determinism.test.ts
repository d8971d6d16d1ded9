import { expect } from 'chai'
import { useTool } from './program.ts'

describe('swarm-sim determinism', () => {
  const tool = useTool()

  it('is valid where every seed comes out again', async () => {
    const { code, output } = await tool.run(['determinism', 'storm', '--seeds', '4', '--jobs', '2'])
    expect(output).to.equal('VALID  4 seeds of storm ran twice with equal trace hashes\n')
    expect(code).to.equal(0)
  })

  it('shows the first event that differs, and what both had before it', async () => {
    const { code, output } = await tool.run(['determinism', 'wobbly:5', '--jobs', '1'])
    expect(output).to.match(/^wobbly:5: the first event that differs is #\d+$/m)
    expect(output.match(/^ +both /gm)).to.have.length(10)
    // Round 1 comes out again; what this scenario tells of round 2 depends on the process.
    expect(output)
      .to.match(/^ +first .* P[A-Z]+ r2 /m)
      .and.match(/^ +second .* P[A-Z]+ r2 /m)
    expect(output).to.include('VIOLATED  1 of 1 seed of wobbly:5 did not come out again: 5')
    expect(code).to.equal(1)
  })

  it('makes the second run with another Node where one is named', async () => {
    const { code } = await tool.run(['determinism', 'calm', '--node', process.execPath])
    expect(code).to.equal(0)
  })

  it('is unknown where a seed cannot be run', async () => {
    const { code, output } = await tool.run(['determinism', 'throws', '--json'])
    expect(JSON.parse(output)).to.include({ verdict: 'unknown', seeds: 0 })
    expect(code).to.equal(2)
  })
})
