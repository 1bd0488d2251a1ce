import { GantryError, type ErrorCode, type GantryErrorData } from '../../../shared/model/error.ts';
import type { System } from '../systems/system.ts';
import { FaultError, type Fault } from './fault.ts';

/** What was being done, for the words of its failure. */
export interface FailureContext {
  /** In words: "read rules". */
  readonly attempted: string;
  /** Method and URL, without credentials or query. */
  readonly target: string;
  /** `host:port`, for advice. */
  readonly authority: string;
  /** GET and HEAD change nothing, whatever happens to them. */
  readonly safe: boolean;
  /** Whether anything of it may have reached the system already. */
  readonly sent: boolean;
  readonly explain?: System['explain'];
  /** Takes the credentials out of a text: systems echo them. */
  readonly redact: (text: string) => string;
}

type Words = Pick<GantryErrorData, 'code' | 'advice' | 'retryable'> & {
  readonly detail?: string | undefined;
  readonly status?: number;
  /** How far the request came; decides what is known to have happened. */
  readonly reached: 'nothing' | 'refused' | 'maybe';
};

/**
 * The only place that turns a failure of transport or HTTP into a `GantryError`. Whatever is no fault of the outside
 * becomes `internal`.
 */
export function failureOf(thrown: unknown, context: FailureContext): GantryError {
  if (thrown instanceof GantryError) return thrown;
  const words = thrown instanceof FaultError ? wordsOfFault(thrown.fault, context) : wordsOfThrown(thrown);
  const detail = words.detail === undefined ? '' : tidy(context.redact(words.detail), 500);
  return new GantryError(
    {
      code: words.code,
      attempted: tidy(context.attempted, 500),
      target: tidy(context.target, 2_000),
      knownEffect: knownEffect(context.sent ? words.reached : 'nothing', context.safe),
      advice: tidy(context.redact(words.advice), 1_000),
      retryable: words.retryable,
      ...(detail === '' ? {} : { detail }),
      ...(words.status === undefined ? {} : { status: words.status }),
    },
    { cause: thrown },
  );
}

/** Codes that speak of the way to the system and not of one request; only these open the breaker. */
const connectionCodes: ReadonlySet<ErrorCode> = new Set(['unreachable', 'tls', 'timeout', 'truncated']);

export function isConnectionFailure(thrown: unknown): boolean {
  return (
    thrown instanceof GantryError && thrown.data.status === undefined && connectionCodes.has(thrown.code)
  );
}

function wordsOfFault(fault: Fault, context: FailureContext): Words {
  switch (fault.kind) {
    case 'deadline':
      return {
        code: 'timeout',
        advice: `${context.authority} gave no complete answer within ${seconds(fault.afterMs)}. It may be overloaded, or something on the way may hold the answer back.`,
        retryable: true,
        reached: 'maybe',
      };
    case 'aborted':
      return { code: 'aborted', advice: 'The request was cancelled.', retryable: true, reached: 'maybe' };
    case 'request':
      return {
        code: 'invalid-input',
        advice: 'Gantry refused to send this request.',
        retryable: false,
        detail: fault.detail,
        reached: 'nothing',
      };
    case 'budget':
      return {
        code: 'rate-limited',
        advice: `The request budget of this connection is used up for another ${seconds(fault.waitMs)}. Wait; nothing is wrong with the system.`,
        retryable: true,
        reached: 'nothing',
      };
    case 'busy':
      return {
        code: 'rate-limited',
        advice: 'Too many requests to this system wait for their turn already. Try again in a moment.',
        retryable: true,
        reached: 'nothing',
      };
    case 'circuit':
      return {
        code: 'circuit-open',
        advice: `${context.authority} failed too many times in a row and gets a short rest. Gantry tries again by itself; "retry" tries at once.`,
        retryable: true,
        detail: fault.last,
        reached: 'nothing',
      };
    case 'connect':
      return fault.phase === 'tcp'
        ? wordsOfTcp(fault.cause, context)
        : wordsOfTls(fault.cause, context.authority);
    case 'hop':
      return {
        code: 'unreachable',
        advice: `The way to ${context.authority} goes through the SSH host "${fault.hop}", which is not up: ${fault.reason.advice}`,
        retryable: true,
        detail: `${fault.hop}: ${fault.reason.code}${fault.reason.detail === undefined ? '' : `, ${fault.reason.detail}`}`,
        reached: 'nothing',
      };
    case 'channel':
      return wordsOfChannel(fault, context.authority);
    case 'pin':
      return {
        code: 'tls',
        advice: `The certificate of ${context.authority} is not the pinned one. If it was renewed, compare the new fingerprint with the one shown on the server itself, and only then put it into tls.fingerprint. If nobody renewed it, someone may be in between.`,
        retryable: false,
        detail: `pinned ${fault.expected}, found ${fault.found}`,
        reached: 'nothing',
      };
    case 'too-large':
      return {
        code: 'too-large',
        advice: `The answer is larger than ${sizeText(fault.maxBytes)}; reading stopped there. Nothing of it was used.`,
        retryable: false,
        reached: 'maybe',
      };
    case 'truncated':
      return { ...cutShort(context.authority), detail: fault.detail };
    case 'malformed':
      return {
        code: 'malformed',
        advice: `${context.authority} answered with something Gantry does not understand. Check that the URL points at the right system and at a version that Gantry knows.`,
        retryable: false,
        detail: fault.detail,
        reached: 'maybe',
        ...(fault.status === undefined ? {} : { status: fault.status }),
      };
    case 'redirect':
      return wordsOfRedirect(fault, context.authority);
    case 'status':
      return wordsOfStatus(fault, context);
  }
}

function wordsOfTcp(cause: unknown, context: FailureContext): Words {
  const code = systemCode(cause);
  const { authority } = context;
  const advice = {
    ECONNREFUSED: `Nothing accepts connections at ${authority}. Check that the service runs there and that the port is right.`,
    ENOTFOUND: `The name in ${authority} is not known to the resolver. Check the spelling, and the DNS or VPN that should know it.`,
    EAI_AGAIN: `The resolver gave no answer for ${authority}. Check DNS on this machine.`,
    EHOSTUNREACH: `There is no route to ${authority}. Check the network, the VPN and firewalls on the way.`,
    ENETUNREACH: `There is no route to the network of ${authority}. Check the network and the VPN of this machine.`,
    ETIMEDOUT: `${authority} does not answer to a connection attempt. The host may be off, or a firewall drops the packets.`,
    EACCES: `This machine does not allow a connection to ${authority}. Check its local firewall.`,
    EPERM: `This machine does not allow a connection to ${authority}. Check its local firewall.`,
  }[code ?? ''];
  return {
    code: 'unreachable',
    advice:
      advice ??
      `No connection to ${authority} could be made. Check the address, the network and the service.`,
    retryable: true,
    detail: messageOf(cause),
    reached: 'nothing',
  };
}

function wordsOfChannel(fault: Extract<Fault, { kind: 'channel' }>, authority: string): Words {
  const advice = fault.prohibited
    ? `The SSH host "${fault.hop}" does not allow connections to ${authority}. Its administrator can allow them (AllowTcpForwarding, PermitOpen).`
    : `The SSH host "${fault.hop}" could not connect to ${authority}. Check that the address is right as seen from there, and that the service runs.`;
  return {
    code: 'unreachable',
    advice,
    retryable: true,
    detail: `${fault.hop}: ${fault.detail}`,
    reached: 'nothing',
  };
}

const unknownIssuer: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

function wordsOfTls(cause: unknown, authority: string): Words {
  return {
    code: 'tls',
    advice: tlsAdvice(systemCode(cause) ?? '', authority),
    retryable: false,
    detail: messageOf(cause),
    reached: 'nothing',
  };
}

/** Four causes, four remedies: a reader who is told "certificate error" turns verification off. */
function tlsAdvice(code: string, authority: string): string {
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return `The certificate of ${authority} is outside its validity. Renew it on the server; if it looks valid, check the clocks of both machines.`;
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `The certificate of ${authority} was issued for another name. Use the name that the certificate holds in the URL, or set tls.serverName to it.`;
  }
  if (unknownIssuer.has(code)) {
    return `The certificate of ${authority} was issued by an authority that this machine does not know. Put that authority's certificate into tls.ca, or the server's fingerprint into tls.fingerprint.`;
  }
  return `No encrypted connection to ${authority} could be agreed. Check that this port speaks HTTPS, and that the server offers TLS 1.2 or newer.`;
}

function wordsOfRedirect(fault: Extract<Fault, { kind: 'redirect' }>, authority: string): Words {
  const host = URL.canParse(fault.location) ? new URL(fault.location).host : '';
  const where = host === '' ? 'another path' : host;
  return {
    code: 'malformed',
    advice: `${authority} redirects to ${where}. Gantry never follows a redirect, since credentials would go along. If that is the right place, put it into the connection's URL.`,
    retryable: false,
    detail: `HTTP ${fault.status} to ${where}`,
    status: fault.status,
    reached: 'refused',
  };
}

function wordsOfStatus(fault: Extract<Fault, { kind: 'status' }>, context: FailureContext): Words {
  const plain = plainStatus(fault, context.authority);
  return { detail: fault.body, ...plain, ...betterWords(fault, context), status: fault.status };
}

/** The system's own explanation. A connector that fails at explaining must not hide the failure it should explain. */
function betterWords(fault: Extract<Fault, { kind: 'status' }>, context: FailureContext): Partial<Words> {
  try {
    return context.explain?.(fault.status, fault.body, fault.reasonPhrase) ?? {};
  } catch {
    return {};
  }
}

function plainStatus(fault: Extract<Fault, { kind: 'status' }>, authority: string): Words {
  const { status } = fault;
  if (status >= 500) {
    return {
      code: 'server-error',
      advice: `${authority} reports a failure of its own (HTTP ${status}). Look into the log of that system.`,
      retryable: true,
      reached: 'maybe',
    };
  }
  const refused = (code: ErrorCode, advice: string, retryable = false): Words => ({
    code,
    advice,
    retryable,
    reached: 'refused',
  });
  switch (status) {
    case 401:
      return refused(
        'unauthorized',
        `${authority} does not accept the credentials. Check the token or password of this connection; it may have expired.`,
      );
    case 403:
      return refused(
        'forbidden',
        `${authority} knows the credentials but does not allow this. Grant them the right, or use others.`,
      );
    case 404:
      return refused(
        'not-found',
        `${authority} does not have this. Check the URL's path, and that it is the right system.`,
      );
    case 405:
      return refused('unsupported', `${authority} does not offer this call. Its version may be too old.`);
    case 408:
      return refused('timeout', `${authority} gave up waiting for the request.`, true);
    case 409:
    case 412:
      return refused(
        'conflict',
        'Something changed in the meantime, or the action conflicts with the present state. Look again and decide anew.',
      );
    case 429:
      return refused('rate-limited', rateAdvice(fault.retryAfterMs, authority), true);
    default:
      return refused('invalid-input', `${authority} refused the request (HTTP ${status}).`);
  }
}

function rateAdvice(retryAfterMs: number | undefined, authority: string): string {
  const pause = retryAfterMs === undefined ? '' : ` and asks for a pause of ${seconds(retryAfterMs)}`;
  return `${authority} says that it is asked too often${pause}. Gantry waits by itself; other clients may be using up the limit.`;
}

function cutShort(authority: string): Words {
  return {
    code: 'truncated',
    advice: `The connection to ${authority} was closed before the answer was complete. The service may have restarted, or a proxy on the way cut it off.`,
    retryable: true,
    reached: 'maybe',
  };
}

/** What Node or undici threw after the connection stood. */
function wordsOfThrown(thrown: unknown): Words {
  const code = systemCode(thrown) ?? '';
  const detail = messageOf(thrown);
  // undici leaves the code out of some parser errors.
  if (code.startsWith('HPE_') || (thrown instanceof Error && thrown.name === 'HTTPParserError')) {
    return {
      code: 'malformed',
      advice: 'The answer is not HTTP. Check that the URL has the right scheme and port.',
      retryable: false,
      detail,
      reached: 'maybe',
    };
  }
  switch (code) {
    case 'UND_ERR_SOCKET':
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ECONNABORTED':
      return { ...cutShort('the system'), detail };
    case 'ETIMEDOUT':
      return {
        code: 'timeout',
        advice: 'The system stopped answering.',
        retryable: true,
        detail,
        reached: 'maybe',
      };
    case 'UND_ERR_HEADERS_OVERFLOW':
      return {
        code: 'too-large',
        advice: 'The headers of the answer are larger than 16 KiB; reading stopped there.',
        retryable: false,
        reached: 'maybe',
      };
    case 'UND_ERR_ABORTED':
    case 'UND_ERR_DESTROYED':
    case 'UND_ERR_CLOSED':
      return { code: 'aborted', advice: 'The connection was stopped.', retryable: true, reached: 'maybe' };
    case 'UND_ERR_INVALID_ARG':
      return {
        code: 'invalid-input',
        advice:
          'The request cannot be sent as it is. A secret with line breaks or characters outside ASCII is the usual reason.',
        retryable: false,
        detail,
        reached: 'nothing',
      };
    default:
      return {
        code: 'internal',
        advice: 'This is a defect in Gantry. The log has the details.',
        retryable: false,
        detail,
        reached: 'maybe',
      };
  }
}

function knownEffect(reached: Words['reached'], safe: boolean): string {
  if (reached === 'nothing') return 'nothing was sent';
  if (safe) return 'nothing was changed';
  if (reached === 'refused') return 'the system refused the request; nothing is known to have changed';
  return 'unknown: the request may have been carried out';
}

/** `ECONNREFUSED` and the like. A host with several addresses fails with one error that holds the others. */
function systemCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined;
  if ('code' in thrown && typeof thrown.code === 'string') return thrown.code;
  const inner: unknown = thrown instanceof AggregateError ? thrown.errors[0] : thrown.cause;
  return inner === thrown ? undefined : systemCode(inner);
}

function messageOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.message === '')
    return thrown.errors.map(messageOf).join('; ');
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** One line of at most `max` characters. */
function tidy(text: string, max: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= max ? line : `${line.slice(0, max - 1).toWellFormed()}…`;
}

function seconds(ms: number): string {
  return ms < 950 ? `${Math.round(ms)} ms` : `${Math.round(ms / 100) / 10} s`;
}

function sizeText(bytes: number): string {
  return bytes >= 1024 * 1024 ? `${Math.round(bytes / 1024 / 1024)} MiB` : `${Math.round(bytes / 1024)} KiB`;
}
