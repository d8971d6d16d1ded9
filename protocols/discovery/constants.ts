/** Numbers of the discovery protocol, each with unit and reason. */
import { ENVELOPE_OVERHEAD_BYTES } from '../wire/constants.ts'
import { MESSAGES } from '../wire/table.ts'

/** Asks a connected peer for the records that it knows. */
export const DISCOVERY_PROTOCOL = '/swarm-node/discovery/1.0.0'
/** First part of every DHT key; kad-dht picks validator and selector by it. */
export const RECORD_NAMESPACE = 'swarm-node'

/** A signed record, bytes: the table's bound for the payload, and the envelope around it. */
export const RECORD_MAX_BYTES = MESSAGES.record.maxBytes + ENVELOPE_OVERHEAD_BYTES
/** Records that are kept of the own run: 64 stages of 64 seats. */
export const RECORDS_MAX = 4096
/** Keys of other runs that this peer stores values for: they share the DHT, whose disk use is not bounded otherwise. */
export const FOREIGN_KEYS_MAX = 4096

/** Records in one answer; with {@link RECORD_MAX_BYTES} about 1 MiB, below the 4 MiB that an unread stream may hold. */
export const EXCHANGE_RECORDS_MAX = 128
export const EXCHANGE_REQUEST_MAX_BYTES = 1024
/** An answer: its records, and room for the encoding around them; bytes. */
export const EXCHANGE_RESPONSE_MAX_BYTES = EXCHANGE_RECORDS_MAX * (RECORD_MAX_BYTES + 8)
/** A request and its answer on either side, ms. */
export const EXCHANGE_TIMEOUT_MS = 10_000
/** Requests of one peer that are answered in {@link EXCHANGE_WINDOW_MS}: one a stage and one for all, for a large run. */
export const EXCHANGE_REQUESTS_MAX = 32
export const EXCHANGE_WINDOW_MS = 10_000
/** Peers whose requests are counted; the one whose window is the oldest begins anew. */
export const EXCHANGE_ASKERS_MAX = 1024
/** Streams of the protocol on one connection, each way. */
export const EXCHANGE_STREAMS_MAX = 4
/** Connected peers that are asked in one search. */
export const EXCHANGE_PEERS = 4

/** For so long a search asks only connected peers, ms; then the DHT too. */
export const DHT_AFTER_MS = 2_000
/** One DHT query, ms. Queries of an isolated peer wait for ever, so each gets a signal. */
export const QUERY_TIMEOUT_MS = 10_000
/** DHT queries of one search at a time. */
export const QUERIES_PARALLEL = 4
/** Providers that one search looks at: a query gives 20, strangers may add themselves. */
export const PROVIDERS_MAX = 64

/**
 * When the own record is put again after it changed, ms: the first put may come before the peer knows anyone. Then every
 * {@link REPUBLISH_MS}.
 */
export const REPUBLISH_EARLY_MS = [2_000, 10_000, 60_000, 600_000] as const
/** Of these the first are left out once {@link HOLDERS_ENOUGH} peers hold what was put; the last is not, as others came meanwhile. */
export const REPUBLISH_OPTIONAL = 3
/** Peers that must hold a value: each answers with it, so one honest one among them is enough. Fewer where fewer are connected. */
export const HOLDERS_ENOUGH = 8
/** Values expire after 48 h and nobody else puts them again; ms. */
export const REPUBLISH_MS = 6 * 60 * 60 * 1000
/** Records are written to storage at most this often, ms; the own one at once. */
export const SAVE_DELAY_MS = 2_000

/** First wait between two searches or dials of the same peer, ms; doubled each time, jittered to half. */
export const RETRY_FIRST_MS = 500
/** Longest wait between two searches or dials, ms. */
export const RETRY_MAX_MS = 15_000
/** A connection that ends sooner after its dial counts as a dial that failed, ms: whoever refuses a peer lets it in first, to say who it is. */
export const STEADY_MS = 30_000
/** How often the seats are compared with the connections when nothing is missing, ms. */
export const IDLE_MS = 10_000
/** Dials at a time. */
export const DIALS_PARALLEL = 8
/** Of two peers the one with the smaller name dials; the other waits this long before it does too, ms. */
export const DIAL_YIELD_MS = 300
/** How long a peer waits before it answers a record under its own name that it does not want with a newer one, ms. */
export const REANNOUNCE_MS = 2_000
