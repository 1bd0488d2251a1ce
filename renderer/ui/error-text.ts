import type { ErrorCode, GantryErrorData } from '../../shared/model/error.ts';
import { visibleText } from './hostile.ts';

const codeWords: Readonly<Record<ErrorCode, string>> = {
  'invalid-input': 'the request was not valid',
  unsupported: 'not supported',
  unreachable: 'no connection',
  tls: 'the certificate was not accepted',
  'host-key': 'the host key is not trusted',
  timeout: 'no answer in time',
  aborted: 'cancelled',
  unauthorized: 'the credentials were refused',
  forbidden: 'not allowed',
  'not-found': 'not found',
  conflict: 'it changed in the meantime',
  'rate-limited': 'too many requests',
  'server-error': 'the system failed',
  malformed: 'the answer could not be read',
  truncated: 'the answer ended early',
  'too-large': 'the answer was too large',
  'circuit-open': 'not tried after many failures',
  'engine-lost': 'the engine went away',
  internal: 'a defect in Gantry',
};

/** One line: "Could not read rules: no answer in time (HTTP 504)". */
export function errorTitle({ attempted, code, status }: GantryErrorData): string {
  const http = status === undefined ? '' : ` (HTTP ${status})`;
  return `Could not ${attempted}: ${codeWords[code]}${http}`;
}

/** Everything that is known, as text for a ticket. Acting characters are shown by name. */
export function errorText(error: GantryErrorData): string {
  const lines = [
    errorTitle(error),
    `code: ${error.code}`,
    `on: ${error.target}`,
    `known effect: ${error.knownEffect}`,
    `advice: ${error.advice}`,
    ...(error.detail === undefined ? [] : [`answer: ${error.detail}`]),
  ];
  return lines.map(visibleText).join('\n');
}
