/** Gives the manifest of a run to whoever knows the run's id, and asks for it (README.md is the specification). */
import { contentId } from '../wire/cid.ts'
import { MANIFEST_MAX_BYTES } from '../wire/constants.ts'
import { isMap, object, oneOf } from '../wire/fields.ts'
import { admitNoBody } from '../wire/frames/no-bodies.ts'
import type { HandlerContext, Reply } from '../wire/frames/types.ts'
import { contentIdText } from '../wire/message-fields.ts'
import type { ContentId, PeerName } from '../wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../wire/refusals.ts'
import { MAX_COUNTED_PEERS, MAX_PER_PEER, REQUEST_TIMEOUT_MS } from './constants.ts'
import type { OpenStreams, RunStreams, RunsInit } from './types.ts'

export interface ManifestHeader {
  readonly type: 'manifest'
  readonly run: ContentId
}

const HEADER = object<ManifestHeader>({ type: oneOf('manifest'), run: contentIdText })
const NO_BODY = new Uint8Array(0)

export class Runs {
  readonly #init: RunsInit
  readonly #streams: RunStreams
  readonly #asked = new Map<PeerName, number>()

  constructor(init: RunsInit, components: { readonly openStreams: OpenStreams<RunStreams> }) {
    this.#init = init
    this.#streams = components.openStreams(
      { onRequest: async (header, _, context) => this.#answer(header, context), admitBody: admitNoBody },
      (reason, from, detail) => init.onRefused?.(reason, from, detail),
    )
  }

  start(): Promise<void> {
    return this.#streams.start()
  }

  stop(): Promise<void> {
    return this.#streams.stop()
  }

  /** The encoded manifest of a run. What comes is checked against the run's id, so it matters to nobody who gave it. */
  async manifest(
    from: PeerName,
    run: ContentId,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<Uint8Array | Refusal> {
    const header: ManifestHeader = { type: 'manifest', run }
    const limits = { timeoutMs: REQUEST_TIMEOUT_MS, maxAnswerBytes: MANIFEST_MAX_BYTES }
    const reply = await this.#streams.request(from, header, NO_BODY, { ...options, ...limits })
    if (isRefusal(reply)) return reply
    if (contentId(reply.body, 'dag-cbor') === run) return reply.body
    this.#init.onRefused?.('wrong-hash', from)
    return refuse('wrong-hash', 'not the manifest of this run')
  }

  #answer(header: unknown, { from }: HandlerContext): Reply | Refusal {
    if (!isHeader(header)) return refuse('bad-encoding', 'header')
    const { served } = this.#init
    if (header.run !== served?.run) return refuse('wrong-run')
    if (!this.#mayAsk(from)) return refuse('overloaded')
    return { header: null, body: served.manifest }
  }

  #mayAsk(from: PeerName): boolean {
    const asked = (this.#asked.get(from) ?? 0) + 1
    this.#asked.delete(from)
    this.#asked.set(from, asked)
    const oldest = this.#asked.keys().next().value
    if (this.#asked.size > MAX_COUNTED_PEERS && oldest !== undefined) this.#asked.delete(oldest)
    return asked <= MAX_PER_PEER
  }
}

function isHeader(value: unknown): value is ManifestHeader {
  return isMap(value) && HEADER(value, '') === null
}
