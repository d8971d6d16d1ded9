/** For terminals: a small table that redraws in place, a progress bar, and notices that scroll by above it. */
import type { NodeEvent } from '../../events/types.ts'
import { ENDING, Notices } from './plain.ts'
import type { Progress, StageLine } from './progress.ts'
import { phasesText, startingText } from './start.ts'
import { bar, duration, nats, type Paint, reachText, shortPeer, shortSentence, speed, transferText } from './text.ts'

const ESCAPE = String.fromCharCode(27)
const BAR_COLUMNS = 32
const REDRAW_INTERVAL_MS = 100
/** Lines of the table that are no stages; a table higher than the screen could not be redrawn. */
const OTHER_LINES = 7

export interface Terminal {
  write(text: string): void
  readonly columns: number
  readonly rows: number
}

export interface LiveTableInit {
  readonly terminal: Terminal
  readonly paint: Paint
  readonly progress: Progress
  /** What goes on before the first event. */
  readonly begins: string
  /** When the program started, ms since the epoch. */
  readonly startedMs: number
}

export class LiveTable {
  readonly #init: LiveTableInit
  readonly #notices = new Notices()
  #drawnLines = 0
  #drawnMs = Number.NEGATIVE_INFINITY
  #isFinished = false

  constructor(init: LiveTableInit) {
    this.#init = init
  }

  /** @param isRoundComplete - worth drawing at once; other news wait for the next redraw */
  onEvent(event: NodeEvent, isRoundComplete: boolean): void {
    if (this.#isFinished) return
    const notice = SHOWN_IN_TABLE.has(event.event) ? null : this.#notices.of(event)
    if (notice !== null) this.#print(notice)
    const isDue = event.timeMs - this.#drawnMs >= REDRAW_INTERVAL_MS
    if (isDue || isRoundComplete || notice !== null) this.draw(event.timeMs)
  }

  draw(nowMs: number): void {
    if (this.#isFinished) return
    this.#erase()
    const lines = this.#lines(nowMs).map(line => this.#fit(line))
    this.#init.terminal.write(`${lines.join('\n')}\n`)
    this.#drawnLines = lines.length
    this.#drawnMs = nowMs
  }

  /** Draws for the last time; what is printed next stands below it. */
  finish(nowMs: number): void {
    this.draw(nowMs)
    this.#isFinished = true
  }

  #print(line: string): void {
    this.#erase()
    this.#init.terminal.write(`${this.#fit(this.#init.paint.dim(line))}\n`)
  }

  #erase(): void {
    if (this.#drawnLines > 0) this.#init.terminal.write(`${ESCAPE}[${this.#drawnLines}A${ESCAPE}[J`)
    this.#drawnLines = 0
  }

  #lines(nowMs: number): string[] {
    const { progress } = this.#init
    return progress.losses.length === 0 ? this.#starting(nowMs) : this.#training(nowMs)
  }

  #starting(nowMs: number): string[] {
    const { progress, paint, begins, startedMs } = this.#init
    const phases = phasesText(progress)
    const elapsed = duration(Math.max(0, nowMs - startedMs))
    return [
      '',
      `${paint.yellow(`starting: ${shortSentence(startingText(progress, begins))}`)} ${paint.dim(`(${elapsed})`)}`,
      ...this.#transfer(nowMs),
      ...(phases === '' ? [] : [paint.dim(phases)]),
    ]
  }

  #training(nowMs: number): string[] {
    const { progress, paint, terminal } = this.#init
    const last = progress.losses.at(-1)
    const stages = [...progress.stages.entries()].sort(([a], [b]) => a - b)
    const shown = stages.slice(0, Math.max(1, terminal.rows - OTHER_LINES))
    const hidden = stages.length - shown.length
    const counts = [...counted(progress.evidence, 'contradiction'), ...counted(progress.refused, 'refusal')].join(', ')
    return [
      '',
      paint.dim(cells(['stage', 'round', 'view', 'leader', 'certificate', 'anchor'])),
      ...shown.map(([index, stage]) => this.#row(index, stage)),
      ...(hidden === 0 ? [] : [paint.dim(`and ${hidden} more stages`)]),
      ...this.#transfer(nowMs),
      `loss ${paint.bold(nats(last?.train ?? null))}  held-out ${paint.bold(nats(last?.heldOut ?? null))} nats a byte  ` +
        `${speed(last?.tokensPerSecond ?? 0)}${counts === '' ? '' : paint.red(`  ${counts}`)}`,
      this.#bar(nowMs),
    ]
  }

  #row(index: number, stage: StageLine): string {
    const row = cells([
      String(index),
      stage.round < 0 ? '-' : String(stage.round),
      String(stage.view),
      shortPeer(stage.leader),
      stage.state.slice(0, 10) || '-',
      stage.anchorBlock === 0 ? '-' : `block ${stage.anchorBlock}`,
    ])
    const news = stage.lost || stage.waitingFor
    return `${row}${news === '' ? '' : this.#init.paint.yellow(` ${shortSentence(news)}`)}`
  }

  /** A snapshot on its way from siblings, as a bar. */
  #transfer(nowMs: number): string[] {
    const transfer = this.#init.progress.transfer()
    if (transfer === null) return []
    const { bytes, of, firstBytes, firstMs } = transfer
    const bytesPerMs = (bytes - firstBytes) / Math.max(1, nowMs - firstMs)
    const left = bytesPerMs === 0 ? '' : `, ${duration((of - bytes) / bytesPerMs)} left`
    return [`${this.#init.paint.cyan(bar(bytes, of, BAR_COLUMNS))} ${transferText(transfer)}${left}`]
  }

  #bar(nowMs: number): string {
    const { progress, paint } = this.#init
    const done = progress.done()
    if (progress.targetRounds === null) return paint.dim(`${done} rounds since the start; Ctrl-C stops${this.#reach()}`)
    if (progress.isDone()) return paint.green(ENDING)
    const share = paint.green(bar(done, progress.targetRounds, BAR_COLUMNS))
    return `${share} ${done}/${progress.targetRounds} rounds, ${duration(progress.remainingMs(nowMs))} left`
  }

  #reach(): string {
    const { reachability } = this.#init.progress
    return reachability === null ? '' : `; ${reachText(reachability)}`
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
      const room = Math.max(0, this.#init.terminal.columns - 1 - visible)
      result += piece.slice(0, room)
      visible += Math.min(piece.length, room)
    }
    return result
  }
}

/** Events that the table shows by itself: no line of their own. */
const SHOWN_IN_TABLE: ReadonlySet<NodeEvent['event']> = new Set([
  'waiting',
  'peer.ready',
  'reachability',
  'start.phase',
  'chain.ready',
  'sync.progress',
])

const WIDTHS = [5, 6, 5, 8, 12, 12]
const COLOUR_CODE = new RegExp(`(${ESCAPE}\\[\\d+m)`)

function cells(texts: readonly string[]): string {
  return texts.map((text, i) => text.padEnd(WIDTHS[i] ?? 0)).join(' ')
}

function counted(number: number, what: string): string[] {
  return number === 0 ? [] : [`${number} ${what}${number === 1 ? '' : 's'}`]
}
