/** What the processes of this benchmark say to each other. */
export const MIB = 1024 * 1024
/** Bare bytes on a stream. */
export const RAW_PROTOCOL = '/bench/raw'
/** Messages as siblings exchange them in a round. */
export const ROUND_PROTOCOL = '/bench/round'
