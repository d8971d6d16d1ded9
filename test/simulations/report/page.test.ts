import { expect } from 'chai'
import { reportPage } from '../../../simulations/report/html.ts'
import { ReportModel } from '../../../simulations/report/model.ts'
import type { ConcreteScenario } from '../../../simulations/scenario/types.ts'
import { thisMaker } from '../../../simulations/version.ts'
import { harness } from '../cli/small-harness.ts'

async function page(name: string, seed: number, change: Partial<ConcreteScenario> = {}): Promise<string> {
  const abstract = harness.scenarios.find(known => known.name === name)!
  const scenario = { ...harness.draw(abstract, seed), ...change }
  const model = new ReportModel(scenario)
  const program = await harness.tier(0)
  const signal = new AbortController().signal
  const result = await program.run(scenario, { messages: true, onEvent: event => model.add(event), signal })
  return reportPage({ scenario, tier: 0, reference: `${name}:${seed}`, model, result, maker: thisMaker() })
}

describe('the page of a run', () => {
  it('loads nothing: no address, script, import or font of another place', async () => {
    const text = await page('storm', 2)
    expect(text).to.not.match(/https?:|\/\/[a-z]|<script|<link|@import|@font-face|src=|href=/i)
    expect(text.match(/url\(([^)]*)\)/g)!.every(url => url.startsWith('url(#'))).to.equal(true)
  })

  it('says the verdict, and shows rounds, faults, messages, loss, bytes and the scenario', async () => {
    const text = await page('storm', 2)
    expect(text).to.include('<h1>Two peers decided differently in round 3</h1>')
    expect(text).to.include('aria-label="Rounds and views of each stage over virtual time, with the faults"')
    expect(text).to.include('stage 0, round 1: opened 1.000 s, decided in view')
    expect(text).to.include('partition at p4 p6: 3.800 s to the end')
    expect(text).to.match(/p\d to p\d: PREVOTE, round 3, 300 B, sent 14\.\d+ s, arrives 14\.\d+ s/)
    expect(text).to.match(/PREVOTE, round 3, 300 B, sent 14\.\d+ s, lost/)
    expect(text)
      .to.include('aria-label="Loss by round"')
      .and.include('aria-label="Bytes sent a second over virtual time"')
    expect(text).to.include('&#34;seed&#34;: 2').and.include('npx swarm-sim replay storm:2 --tier 0 --verbose')
  })

  it('shows a valid run too, with no broken promise in it', async () => {
    const text = await page('calm', 1)
    expect(text).to.include('class="pill valid"').and.not.include('Broken promises')
  })

  it('is made for the dark as well, and whole: every tag that opens closes', async () => {
    const text = await page('storm', 2)
    expect(text).to.include('prefers-color-scheme:dark')
    for (const tag of ['svg', 'section', 'table', 'text', 'g', 'div', 'span', 'main', 'body', 'html']) {
      const opened = text.match(new RegExp(`<${tag}[ >]`, 'g'))?.length ?? 0
      expect(text.match(new RegExp(`</${tag}>`, 'g'))?.length ?? 0, tag).to.equal(opened)
    }
    expect(text).to.not.match(/NaN|undefined|Infinity/)
  })

  it('writes what people named as text, not as markup', async () => {
    const text = await page('calm', 1, { about: '<b onclick="x">&</b>' })
    expect(text).to.include('&#60;b onclick=&#34;x&#34;&#62;&#38;&#60;/b&#62;').and.not.include('<b onclick')
  })

  it('stays small however many peers and rounds there are', async () => {
    const small = await page('calm', 1)
    const big = await page('calm', 1, { swarm: { stages: 60, replicas: 16 } })
    expect(big.length).to.be.lessThan(8 * small.length)
    expect(big).to.include('and 36 more stages')
  })
})
