/** For terminals: a small table that redraws in place, a progress bar, and the last few notices above it. */
import type { NodeEvent } from '../../events/types.ts'
import { plainLine } from './plain.ts'
import type { Progress } from './progress.ts'
import { bar, count, duration, nats, type Paint, shortPeer } from './text.ts'

const ESCAPE = String.fromCharCode(27)
const BAR_COLUMNS = 32
const REDRAW_INTERVAL_MS = 100

export interface Terminal {
  write(text: string): void
  readonly columns: number
}

export class LiveTable {
  readonly #terminal: Terminal
  readonly #paint: Paint
  readonly #progress: Progress
  #drawnLines = 0
  #drawnMs = Number.NEGATIVE_INFINITY

  constructor(terminal: Terminal, paint: Paint, progress: Progress) {
    this.#terminal = terminal
    this.#paint = paint
    this.#progress = progress
  }

  onEvent(event: NodeEvent): void {
    const notice = event.event === 'loss' ? null : plainLine(event, this.#progress, false)
    if (notice !== null && event.event !== 'waiting') this.#print(notice)
    if (event.timeMs - this.#drawnMs >= REDRAW_INTERVAL_MS || notice !== null) this.draw(event.timeMs)
  }

  draw(nowMs: number): void {
    this.#erase()
    const lines = this.#lines(nowMs).map(line => this.#fit(line))
    this.#terminal.write(`${lines.join('\n')}\n`)
    this.#drawnLines = lines.length
    this.#drawnMs = nowMs
  }

  #print(line: string): void {
    this.#erase()
    this.#terminal.write(`${this.#paint.dim(line)}\n`)
  }

  #erase(): void {
    if (this.#drawnLines > 0) this.#terminal.write(`\u001b[${this.#drawnLines}A\u001b[J`)
    this.#drawnLines = 0
  }

  #lines(nowMs: number): string[] {
    const progress = this.#progress
    const last = progress.losses.at(-1)
    const head = ['stage', 'round', 'view', 'leader', 'certificate', 'anchor'].map((title, i) =>
      title.padEnd(WIDTHS[i] ?? 0),
    )
    const rows = [...progress.stages.entries()]
      .sort(([a], [b]) => a - b)
      .map(([index, stage]) => {
        const cells = [
          String(index),
          stage.round < 0 ? '-' : String(stage.round),
          String(stage.view),
          shortPeer(stage.leader),
          stage.state.slice(0, 10) || '-',
          stage.anchorBlock === 0 ? '-' : `block ${stage.anchorBlock}`,
        ].map((cell, i) => cell.padEnd(WIDTHS[i] ?? 0))
        return `${cells.join(' ')}${stage.waitingFor === '' ? '' : this.#paint.yellow(` ${stage.waitingFor}`)}`
      })
    const loss =
      last === undefined
        ? this.#paint.yellow(`starting: ${progress.readyPeers} peers ready`)
        : `loss ${this.#paint.bold(nats(last.train))}  held-out ${this.#paint.bold(nats(last.heldOut))} nats a byte  ${count(last.tokensPerSecond)} tokens/s`
    const done = progress.done()
    const share = bar(done, progress.targetRounds, BAR_COLUMNS)
    const left = progress.remainingMs(nowMs)
    return [
      '',
      this.#paint.dim(head.join(' ')),
      ...rows,
      loss,
      `${this.#paint.green(share)} ${done}/${progress.targetRounds} rounds, ${duration(left)} left`,
    ]
  }

  /** A line that wraps would break the redraw, so it is cut; colour codes do not count. */
  #fit(line: string): string {
    let visible = 0
    let result = ''
    for (const piece of line.split(COLOUR_CODE)) {
      if (COLOUR_CODE.test(piece)) {
        result += piece
        continue
      }
      const room = Math.max(0, this.#terminal.columns - 1 - visible)
      result += piece.slice(0, room)
      visible += Math.min(piece.length, room)
    }
    return result
  }
}

const WIDTHS = [5, 6, 5, 8, 12, 12]
const COLOUR_CODE = new RegExp(`(${ESCAPE}\\[\\d+m)`)
