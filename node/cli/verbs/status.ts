/** `swarm-node status`: what each peer of a data folder is doing, and whether it runs. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Settings } from '../../config/options.ts'
import { wallClockMs } from '../../events/wall-clock.ts'
import { peerFolders } from '../../run/folder.ts'
import { readFolderStatus } from '../../status/read.ts'
import { statusLines } from '../../status/text.ts'
import { EXIT, ExitError } from '../exit.ts'

export async function run(settings: Settings): Promise<number> {
  const folder = resolve(settings.data!)
  if (!existsSync(folder)) {
    throw new ExitError(
      'data',
      `there is no folder ${folder}`,
      'swarm-node status --data <the folder that the peer has>',
    )
  }
  const peers = await Promise.all(peerFolders(folder).map(one => readFolderStatus(one, wallClockMs())))
  for (const peer of peers) {
    if (settings.json === true) console.log(JSON.stringify({ event: 'status', ...peer }))
    else console.log(statusLines(peer).join('\n'))
  }
  return peers.every(({ life }) => life === 'running') ? EXIT.ok : EXIT.unavailable
}
