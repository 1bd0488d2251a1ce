/**
 * The index of a blocking query. An unsigned 64-bit number in decimal that may pass 2^53 (indexes derived from event
 * ids do), so it is kept as text and compared as BigInt, never as a JavaScript number.
 */
export type ConsulIndex = string;

/** Asks without blocking: "what is there now?" */
export const FROM_START: ConsulIndex = '0';

const UINT64_MAX = 2n ** 64n - 1n;

/** The header `X-Consul-Index`; undefined when it is absent or no unsigned 64-bit number. */
export function parseIndex(header: string | undefined): ConsulIndex | undefined {
  if (header === undefined || !/^\d{1,20}$/.test(header)) return undefined;
  const value = BigInt(header);
  return value > UINT64_MAX ? undefined : value.toString();
}

/**
 * The index to ask with next, after `asked` was answered with `answered`.
 *
 * - Consul never means 0: a next index below 1 would not block and so would spin, hence at least 1.
 * - An index that went backwards means another state (restart, restored snapshot, another cluster behind the same
 *   address): start over.
 */
export function nextIndex(asked: ConsulIndex, answered: ConsulIndex): ConsulIndex {
  const value = BigInt(answered) < 1n ? 1n : BigInt(answered);
  return wentBackwards(asked, value.toString()) ? FROM_START : value.toString();
}

export function wentBackwards(asked: ConsulIndex, answered: ConsulIndex): boolean {
  return BigInt(answered) < BigInt(asked);
}

export function isOlder(a: ConsulIndex, b: ConsulIndex): boolean {
  return BigInt(a) < BigInt(b);
}
