/** What can be wrong with a stand-in server. Applies to every request until switched off. */
export const faultModes = [
  'none',
  'down', // the port is closed, open connections are cut
  'hang', // the request is read, no byte is ever answered
  'error', // HTTP 500
  'slow', // the right answer, `ms` late
  'malformed', // status 200 and half a JSON text
  'truncated', // the right head, half of the announced body, then the connection is cut
  'oversized', // status 200 and a JSON text that never ends
  'tls-expired', // the certificate ended yesterday (servers with TLS only)
] as const;
export type FaultMode = (typeof faultModes)[number];

export interface Fault {
  readonly mode: FaultMode;
  /** `slow` only. */
  readonly ms?: number;
}

export function isFaultMode(text: unknown): text is FaultMode {
  return faultModes.includes(text as FaultMode);
}
