import type { ErrorCode, GantryErrorData } from '../../../../shared/model/error.ts';

type Words = Partial<Pick<GantryErrorData, 'code' | 'advice' | 'detail' | 'retryable'>>;

/**
 * Proxmox answers almost every failure with 500 and a text, so the text decides. It stands in `message` of the body (8.3
 * and later), in `errors` per parameter, or only in the reason phrase of the status line (older ones).
 */
export function explain(status: number, body: string, reasonPhrase = ''): Words {
  const text = failureText(body) || reasonPhrase.trim();
  const detail = text === '' ? {} : { detail: text.slice(0, 500) };
  return { ...detail, ...wordsOf(status, text) };
}

function wordsOf(status: number, text: string): Words {
  switch (status) {
    case 400:
      return {
        code: 'invalid-input',
        advice: `Proxmox refused a parameter${text === '' ? '.' : `: ${text.slice(0, 300)}`}`,
        retryable: false,
      };
    case 401:
      return {
        code: 'unauthorized',
        advice:
          'Proxmox does not accept the API token. Check its id (user@realm!name) and secret, and that neither the token nor its user is disabled or expired.',
        retryable: false,
      };
    case 403:
      return { code: 'forbidden', advice: forbiddenAdvice(text), retryable: false };
    case 501:
      return {
        code: 'unsupported',
        advice: 'This version of Proxmox VE does not have this call.',
        retryable: false,
      };
    case 595:
    case 596:
    case 597:
    case 599:
      return {
        code: 'unreachable',
        advice:
          'Proxmox answered, but it could not reach the node that this is about. Check that node and the cluster network.',
        retryable: true,
      };
    case 500:
      return wordsOfText(text);
    default:
      return {};
  }
}

/** `(/vms/100, VM.Audit)`: the path and the privileges that are missing, several joined by a bar. */
function forbiddenAdvice(text: string): string {
  const missing = missingPrivilege(text);
  const both =
    'A token with privilege separation needs it itself, and its user needs it too (Datacenter → Permissions).';
  if (!missing) return `Proxmox does not allow this with these credentials. ${both}`;
  return `The privilege ${missing.privileges.join(' or ')} is missing on ${missing.path}. ${both}`;
}

/** What a refusal names, or undefined when it names nothing. */
export function missingPrivilege(text: string): { path: string; privileges: string[] } | undefined {
  const found = /\((\/[^,]{0,200}), ([^)]{1,200})\)/.exec(text);
  return found ? { path: found[1] ?? '', privileges: (found[2] ?? '').split('|') } : undefined;
}

interface KnownText {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly advice: string;
  readonly retryable: boolean;
}

/** Texts differ by a word between releases: short fragments only. The first that fits decides. */
const knownTexts: readonly KnownText[] = [
  {
    pattern: /does not exist$|no such cluster node|hostname lookup '/,
    code: 'not-found',
    advice:
      'It is not there, or it has moved to another node. The next reading of the cluster shows where it is.',
    retryable: true,
  },
  {
    pattern: /no quorum\?/,
    code: 'conflict',
    advice: 'The cluster has no quorum and is read-only. Bring enough nodes back first.',
    retryable: true,
  },
  {
    pattern: /is locked \(/,
    code: 'conflict',
    advice: 'Another operation holds the guest. Wait until it is over, or look at it in the task list.',
    retryable: true,
  },
  {
    pattern: /can't lock file|got timeout/,
    code: 'conflict',
    advice: 'Something else is working on it, or it takes too long. Try again later.',
    retryable: true,
  },
  {
    pattern: /guest agent/i,
    code: 'unsupported',
    advice:
      'Install and start qemu-guest-agent in the machine, and switch the option "agent" on in its configuration.',
    retryable: false,
  },
  {
    pattern: /detected modified configuration|checksum mismatch/,
    code: 'conflict',
    advice: 'The configuration was changed in the meantime. Read it again and decide anew.',
    retryable: false,
  },
  {
    pattern: /not running|already running|is paused/,
    code: 'conflict',
    advice: 'The guest is in another state than this needs.',
    retryable: false,
  },
];

function wordsOfText(text: string): Words {
  const known = knownTexts.find(({ pattern }) => pattern.test(text));
  return known ? { code: known.code, advice: known.advice, retryable: known.retryable } : {};
}

/** The failure's own text in an error body; '' when there is none. */
export function failureText(body: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return '';
  }
  if (typeof parsed !== 'object' || parsed === null) return '';
  const { message, errors } = parsed as { message?: unknown; errors?: unknown };
  const perParameter =
    typeof errors === 'object' && errors !== null
      ? Object.entries(errors)
          .map(([name, text]) => `${name}: ${String(text).trim()}`)
          .join('; ')
      : '';
  const whole = typeof message === 'string' ? message.trim() : '';
  return perParameter === '' ? whole : perParameter;
}
