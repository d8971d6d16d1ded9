/** `swarm-node verify`: does what a data folder says follow from its manifest, the chain and certificates? Exit 0 or 1. */
import { resolve } from 'node:path'
import type { Settings } from '../../config/options.ts'
import { chainExit, openChain } from '../../run/chain.ts'
import { checkFolderVersion } from '../../run/folder-version.ts'
import { allHold, jsonLine, summaryJson, summaryText, textLines } from '../../verify/report.ts'
import { verifyFolder } from '../../verify/verify.ts'
import { EXIT } from '../exit.ts'

export async function run(settings: Settings, stop: AbortSignal): Promise<number> {
  const json = settings.json === true
  const url = settings.chain!
  checkFolderVersion(resolve(settings.data!))
  const verified = await verifyFolder({
    data: settings.data!,
    connect: ({ manifest }) => openChain({ url, account: null, manifest, signal: stop }),
    onReport: report => console.log(json ? jsonLine(report) : textLines(report).join('\n')),
    signal: stop,
  }).catch(error => {
    if (stop.aborted) return null
    throw chainExit(error, url)
  })
  if (verified === null) {
    console.error('stopped before everything was checked')
    return EXIT.internal
  }
  const { reports, extent } = verified
  console.log(json ? summaryJson(verified.run?.id ?? null, reports, extent) : summaryText(reports, extent))
  return allHold(reports) ? EXIT.ok : EXIT.invalid
}
