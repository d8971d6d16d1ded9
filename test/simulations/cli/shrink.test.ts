import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { ConcreteScenario } from '../../../simulations/scenario/types.ts'
import { useTool } from './program.ts'
import { BREAKING_ROUND } from './small-tier.ts'

describe('swarm-sim shrink', () => {
  const tool = useTool()

  it('leaves what the violation needs, as a scenario that breaks the same promise', async () => {
    const { code, output } = await tool.run(['shrink', 'storm:2'])
    expect(output).to.include('from 14 faults, 2 liars, 12 peers (2 x 6), 10 rounds\n')
    expect(output).to.include('to   2 faults, 1 liar, 4 peers (1 x 4), 3 rounds\n')
    expect(code).to.equal(1)
    const scenario: ConcreteScenario = JSON.parse(readFileSync(join(tool.folder, 'storm-2.shrunk.json'), 'utf8'))
    expect(scenario.faults.map(({ kind }) => kind)).to.have.members(['crash', 'partition'])
    expect(scenario.attackers.flatMap(({ peers }) => peers)).to.have.length(1)
    expect(scenario.workload.rounds).to.equal(BREAKING_ROUND)
    // Else it would not end in time once the bug is gone.
    expect(scenario.limitMs).to.equal(100_000)
    const again = await tool.run(['run', 'storm-2.shrunk.json', '--json'])
    expect(JSON.parse(again.output).verdict.violations[0].checker).to.equal('agreement')
    expect(again.code).to.equal(1)
  })

  it('is the same every time', async () => {
    const shrunk = async (out: string) =>
      JSON.parse((await tool.run(['shrink', 'storm:4', '--json', '--out', out])).output)
    expect((await shrunk('a.json')).scenario).to.deep.equal((await shrunk('b.json')).scenario)
  })

  it('gives the smallest that it found when the time is up', async () => {
    const { output, code } = await tool.run(['shrink', 'storm:2', '--time', '1ms', '--json'])
    expect(JSON.parse(output).isMinimal).to.equal(false)
    expect(code).to.equal(1)
  })

  it('refuses what breaks nothing', async () => {
    const { code, errors } = await tool.run(['shrink', 'calm'])
    expect(errors).to.include('calm:1 breaks no promise')
    expect(code).to.equal(2)
  })
})
