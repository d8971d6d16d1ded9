/**
 * The WebSocket provider of @polkadot/api, but for three habits of the two that a node which hangs brings out: it keeps failures as
 * it keeps answers, ends the process where the api's own subscription to runtime upgrades is not answered in time, and writes to
 * the console what whoever asked is told anyway.
 */
import { WsProvider } from '@polkadot/api'
import { UPDATES_RETRY_MS } from './constants.ts'

type Subscription = Parameters<WsProvider['send']>[3]

export class AskingProvider extends WsProvider {
  /** The api is made: whoever asks for the newest metadata from now on is its watch for runtime upgrades. */
  isMade = false
  #isAbandoned = false

  /** Ends it; what is still asked of it is answered no more, so that the api does not tell the console of a failed start. */
  async abandon(): Promise<void> {
    this.#isAbandoned = true
    await this.disconnect()
  }

  /** Never from the cache: a block that did not come in time once would not come for as long as it is asked for every half a minute. */
  override send<T = unknown>(
    method: string,
    params: unknown[],
    _isCacheable?: boolean,
    subscription?: Subscription,
  ): Promise<T> {
    const ask = (): Promise<T> => super.send<T>(method, params, false, subscription)
    const isUpgrade = this.isMade && method === 'state_getMetadata' && params.length === 0
    const answer = isUpgrade ? this.#patiently(ask) : ask()
    return answer.catch(error => (this.#isAbandoned ? new Promise<never>(() => {}) : Promise.reject(error)))
  }

  override subscribe(...question: Parameters<WsProvider['subscribe']>): Promise<number | string> {
    const ask = (): Promise<number | string> => super.subscribe(...question)
    return question[1] === 'state_subscribeRuntimeVersion' ? this.#patiently(ask) : ask()
  }

  /** Asks again until there is an answer, or no connection: the api asks anew once there is one. */
  async #patiently<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask()
      } catch (error) {
        // Nothing need stay alive for it.
        await new Promise<void>(resolve => setTimeout(resolve, UPDATES_RETRY_MS).unref())
        if (!this.isConnected) throw error
      }
    }
  }
}
