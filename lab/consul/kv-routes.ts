import { requireLeader } from './blocking.ts';
import { listing, route, type ConsulLab } from './context.ts';
import { ConsulFailure } from './errors.ts';
import type { Answer, Call, Route } from './http.ts';
import type { KvEntry } from './kv-store.ts';
import { answerList, readOptions } from './blocking.ts';

const MAX_VALUE_BYTES = 524_288;

export function kvRoutes(lab: ConsulLab): Route[] {
  return [
    route('GET', '/v1/kv/*', (call) => read(lab, call)),
    route('PUT', '/v1/kv/*', (call) => put(lab, call)),
    route('DELETE', '/v1/kv/*', (call) => remove(lab, call)),
    listing(lab, 'GET', '/v1/session/list', (call) => sessionList(lab, call, () => true)),
    listing(lab, 'GET', '/v1/session/node/:node', (call) =>
      sessionList(lab, call, (row) => row.Node === call.params['node']),
    ),
    listing(lab, 'GET', '/v1/session/info/:id', (call) =>
      sessionList(lab, call, (row) => row.ID === call.params['id']),
    ),
  ];
}

function sessionList(lab: ConsulLab, call: Call, fits: (row: { ID: string; Node: string }) => boolean) {
  return {
    index: () => lab.state.indexOf('sessions'),
    read: () => {
      const acl = call.acl();
      return acl.visible(lab.sessions.all().filter(fits), (row) => acl.allows('session', 'read', row.Node));
    },
  };
}

async function read(lab: ConsulLab, call: Call): Promise<Answer> {
  const key = call.params['rest'] ?? '';
  const { query } = call;
  const many = query.has('recurse') || query.has('keys');
  if (!many) {
    if (key === '') throw new ConsulFailure(400, 'Missing key name');
    call.acl().require('key', 'read', key);
  }
  const entries = () => {
    if (!many) return [lab.kv.get(key)].filter((entry) => entry !== undefined);
    const acl = call.acl();
    return acl.visible(lab.kv.under(key), (entry) => acl.allows('key', 'read', entry.key));
  };
  const answer = await answerList(lab, call, {
    index: () => (many ? lab.kv.prefixIndex(key) : lab.kv.keyIndex(key)),
    read: () =>
      query.has('keys') ? keysOf(entries(), key, query.get('separator') ?? '') : entries().map(printEntry),
  });
  const found = answer.json as unknown[];
  // Nothing there is 404 with an empty body, and an index that can be waited on; but for the keys of the empty root.
  if (found.length === 0 && !(query.has('keys') && key === '')) {
    return { status: 404, headers: answer.headers ?? {}, text: '' };
  }
  if (!query.has('raw') || many) return answer;
  return {
    bytes: lab.kv.get(key)?.value ?? Buffer.alloc(0),
    contentType: 'text/plain',
    headers: {
      ...answer.headers,
      'X-Content-Type-Options': 'nosniff',
      'Content-Security-Policy': 'sandbox',
    },
  };
}

/** Keys up to the first separator after the prefix; those that end in it are folders. */
function keysOf(entries: readonly KvEntry[], prefix: string, separator: string): string[] {
  const keys = entries.map(({ key }) => {
    const at = separator === '' ? -1 : key.indexOf(separator, prefix.length);
    return at < 0 ? key : key.slice(0, at + separator.length);
  });
  return [...new Set(keys)];
}

export function printEntry(entry: KvEntry) {
  return {
    LockIndex: entry.lockIndex,
    Key: entry.key,
    // A uint64 on the wire. JSON numbers of this lab end at 2^53.
    Flags: Number(entry.flags),
    Value: entry.value?.toString('base64') ?? null,
    ...(entry.session !== null && { Session: entry.session }),
    CreateIndex: entry.createIndex,
    ModifyIndex: entry.modifyIndex,
  };
}

async function put(lab: ConsulLab, call: Call): Promise<Answer> {
  const key = keyToWrite(lab, call);
  const { query } = call;
  const given = ['cas', 'acquire', 'release'].filter((name) => query.has(name));
  if (given.length > 1)
    throw new ConsulFailure(400, `Conflicting flags: ${call.request.url?.split('?')[1] ?? ''}`);
  if (!/^[\w,./\-?&=]+$/.test(key)) throw new ConsulFailure(500, `invalid key name: "${key}"`);
  const value = await call.body();
  if (value.length > MAX_VALUE_BYTES) {
    throw new ConsulFailure(
      413,
      `Request body(${value.length} bytes) too large, max size: ${MAX_VALUE_BYTES} bytes.`,
    );
  }
  const flags = uint64(query.get('flags') ?? '0', 'flags');
  const acquire = query.get('acquire');
  const release = query.get('release');
  for (const id of [acquire, release]) {
    if (id !== null && !lab.sessions.get(id))
      throw new ConsulFailure(500, `rpc error making call: invalid session "${id}"`);
  }
  if (acquire !== null) return { json: lab.kv.acquire(key, value, flags, acquire, lab.now()) };
  if (release !== null) return { json: lab.kv.release(key, value, flags, release) };
  return { json: lab.kv.put(key, value, flags, casOf(query)) };
}

function remove(lab: ConsulLab, call: Call): Answer {
  const recurse = call.query.has('recurse');
  const cas = casOf(call.query);
  if (recurse && cas !== undefined) throw new ConsulFailure(400, `Conflicting flags: recurse&cas=${cas}`);
  if (recurse) {
    requireLeader(lab.cluster);
    const prefix = call.params['rest'] ?? '';
    call.acl().require('key', 'write', prefix);
    lab.kv.deleteUnder(prefix);
    return { json: true };
  }
  return { json: lab.kv.delete(keyToWrite(lab, call), cas) };
}

function keyToWrite(lab: ConsulLab, call: Call): string {
  readOptions(call.query);
  const key = call.params['rest'] ?? '';
  if (key === '') throw new ConsulFailure(400, 'Missing key name');
  call.acl().require('key', 'write', key);
  requireLeader(lab.cluster);
  return key;
}

function casOf(query: URLSearchParams): number | undefined {
  const text = query.get('cas');
  return text === null ? undefined : Number(uint64(text, 'cas'));
}

function uint64(text: string, name: string): bigint {
  if (!/^\d{1,20}$/.test(text)) throw new ConsulFailure(400, `Invalid ${name} value: "${text}"`);
  return BigInt(text);
}
