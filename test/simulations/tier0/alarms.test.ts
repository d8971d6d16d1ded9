import { expect } from 'chai'
import { Alarm, Timeline } from '../../../simulations/kernel/timeline.ts'
import { NamedAlarms } from '../../../simulations/tier0/alarms.ts'

describe('simulations/tier0: alarms', () => {
  let rung: string[]
  let time: Timeline
  let alarms: NamedAlarms
  /** Of a process that hangs. */
  let backlog: (() => void)[] | null

  beforeEach(() => {
    rung = []
    backlog = null
    time = new Timeline()
    const alarm = (delayMs: number, run: () => void): Alarm => {
      const made = new Alarm(() => (backlog === null ? run() : backlog.push(run)))
      time.after(delayMs, made)
      return made
    }
    alarms = new NamedAlarms(alarm, name => {
      rung.push(`${name} at ${time.nowMs}`)
      if (name === 'again' && rung.length === 1) alarms.set('again', 10)
    })
  })

  it('ring once, in order of their time', () => {
    alarms.set('late', 20)
    alarms.set('early', 10)
    time.run(1_000)
    expect(rung).to.deep.equal(['early at 10', 'late at 20'])
  })

  it('do nothing once they are cancelled, each or all of them', () => {
    alarms.set('one', 10)
    alarms.cancel('one')
    alarms.cancel('never set')
    alarms.set('two', 10)
    alarms.set('three', 10)
    alarms.clear()
    time.run(1_000)
    expect(rung).to.deep.equal([])
  })

  it('replace one of their name', () => {
    alarms.set('one', 10)
    alarms.set('one', 20)
    time.run(1_000)
    expect(rung).to.deep.equal(['one at 20'])
  })

  it('can be set again as they ring', () => {
    alarms.set('again', 10)
    time.run(1_000)
    expect(rung).to.deep.equal(['again at 10', 'again at 20'])
  })

  it('do nothing where they ring for a process that hangs and are cancelled before it goes on', () => {
    backlog = []
    alarms.set('one', 10)
    alarms.set('two', 10)
    time.run(1_000)
    alarms.cancel('one')
    for (const run of backlog) run()
    expect(rung).to.deep.equal(['two at 10'])
  })
})
