/** A peer's status as people read it. */
import {
  duration,
  lackingTexts,
  megabytes,
  placeText,
  reachText,
  shortPeer,
  shortSentence,
  suspensionText,
  transferText,
} from '../cli/projections/text.ts'
import { lostText } from '../peer/place.ts'
import type { FolderStatus } from './read.ts'

/** One line for the peer, and an indented one for each thing that is known of it. */
export function statusLines({ folder, life, status, ageMs, diskBytes }: FolderStatus): string[] {
  const disk = `  disk ${megabytes(diskBytes)} MB in ${folder}`
  if (status === null) {
    return [life === 'never' ? 'no peer has run in this folder' : 'a peer runs, but has not said anything yet', disk]
  }
  const of = status.stage < 0 ? '' : ` of stage ${status.stage}`
  const who = status.peer === '' ? 'the peer' : `peer ${shortPeer(status.peer)}${of}`
  const { direct, relayed } = status.connections
  const lines = {
    running: `${who} runs (pid ${status.pid})`,
    silent: `${who} runs (pid ${status.pid}), but has said nothing for ${duration(ageMs)}`,
    stopped: `${who} is not running: ${status.stopped}, ${duration(ageMs)} ago`,
    died: `${who} is not running: it ended without a word, at most ${duration(ageMs)} ago`,
    never: `${who} never ran`,
  }
  const isThere = life === 'running' || life === 'silent'
  return [
    lines[life],
    ...(status.round === null ? [] : [`  round ${status.round} certified${anchoredText(status.anchored)}`]),
    ...(isThere && status.place !== null ? [`  ${placeText(status.place)}`] : []),
    ...(isThere ? (status.lost ?? []).map(one => `  ${lostText(one)}`) : []),
    ...(isThere ? lackingTexts(status.lacking).map(text => `  ${text}`) : []),
    ...(isThere && status.sync !== undefined ? [`  ${transferText(status.sync)}`] : []),
    ...(status.kept === undefined
      ? []
      : [`  keeps the state of stage ${status.kept.stage} at round ${status.kept.round}`]),
    ...(isThere && status.waiting !== '' ? [`  waiting: ${shortSentence(status.waiting)}`] : []),
    ...(status.pause === undefined ? [] : [`  ${pauseText(isThere, status.pause.untilHeight)}`]),
    ...(status.suspended === '' ? [] : [`  follows without signing: ${suspensionText(status.suspended)}`]),
    ...(status.secondMachine === undefined ? [] : [`  ${secondMachineText(status.secondMachine)}`]),
    ...(isThere && status.reachability !== null ? [`  ${reachText(status.reachability)}`] : []),
    ...(isThere
      ? [`  connected with ${direct + relayed} peers${relayed === 0 ? '' : `, ${relayed} of them over a relay`}`]
      : []),
    disk,
  ]
}

function secondMachineText(found: number): string {
  return `another machine was found to sign with this key ${found === 1 ? 'once' : `${found} times`}`
}

/** What becomes of a pause. @param isThere - the peer still runs */
export function pauseText(isThere: boolean, untilHeight: number | null): string {
  if (isThere) return 'about to pause: its round is brought to an end'
  return untilHeight === null
    ? 'paused, but its stage has not decided that: it counts as absent'
    : `paused until block ${untilHeight}: until then its absence does not count; swarm-node join goes on from here`
}

function anchoredText(anchored: number | null): string {
  return anchored === null ? '' : `, ${anchored} anchored`
}
