import { connect as tlsConnect } from 'node:tls';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { makeCertificate } from './certificate.ts';
import { startLabServer, type LabServer, type LabServerOptions } from './server.ts';

const servers: LabServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(options: Partial<LabServerOptions> = {}): Promise<LabServer> {
  const server = await startLabServer({
    name: 'test',
    handler: (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"answer":');
      response.end('42}');
    },
    ...options,
  });
  servers.push(server);
  return server;
}

const ask = async (server: LabServer, signal?: AbortSignal) => {
  const response = await fetch(server.origin, signal ? { signal } : {});
  return { status: response.status, text: await response.text() };
};

describe('a lab server', () => {
  it('answers, counts, and stays up when its handler throws', async () => {
    const server = await start({
      handler: () => {
        throw new Error('defect');
      },
    });
    expect(await ask(server)).toEqual({ status: 500, text: 'lab defect: defect' });
    expect(server.requestCount()).toBe(1);
  });

  it('is down at the same port that it comes back on', async () => {
    const server = await start();
    const { origin } = server;
    await server.setFault({ mode: 'down' });
    await expect(ask(server)).rejects.toThrow('fetch failed');
    await server.setFault({ mode: 'none' });
    expect(server.origin).toBe(origin);
    expect(await ask(server)).toEqual({ status: 200, text: '{"answer":42}' });
  });

  it('hangs until the fault is lifted, and then lets the hanging go', async () => {
    const server = await start();
    await server.setFault({ mode: 'hang' });
    const hanging = ask(server).catch((thrown: unknown) => thrown);
    await expect(ask(server, AbortSignal.timeout(100))).rejects.toThrow('timeout');
    await server.setFault({ mode: 'none' });
    expect(await hanging).toBeInstanceOf(Error);
    expect((await ask(server)).status).toBe(200);
  });

  it('answers 500 in the words of its system', async () => {
    const server = await start({ errorBody: { contentType: 'application/json', text: '{"code":500}' } });
    await server.setFault({ mode: 'error' });
    expect(await ask(server)).toEqual({ status: 500, text: '{"code":500}' });
  });

  it('sends half a JSON text as malformed', async () => {
    const server = await start();
    await server.setFault({ mode: 'malformed' });
    const { status, text } = await ask(server);
    expect(status).toBe(200);
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
  });

  it('announces the whole body and cuts the connection in the middle as truncated', async () => {
    const server = await start();
    await server.setFault({ mode: 'truncated' });
    const response = await new Promise<IncomingMessage>((resolve) => httpGet(server.origin, resolve));
    expect(response.headers['content-length']).toBe(String('{"answer":42}'.length));
    let received = '';
    response.on('data', (chunk: Buffer) => (received += chunk.toString()));
    await expect(
      new Promise((resolve, reject) => {
        response.on('end', resolve);
        response.on('error', reject);
      }),
    ).rejects.toThrow('aborted');
    expect(received).toBe('{"answ');
  });

  it('pours without end as oversized, and stops when the client leaves', async () => {
    const server = await start();
    await server.setFault({ mode: 'oversized' });
    const leave = new AbortController();
    const response = await fetch(server.origin, { signal: leave.signal });
    let size = 0;
    for await (const chunk of response.body! as unknown as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > 4_000_000) break;
    }
    leave.abort();
    expect(size).toBeGreaterThan(4_000_000);
  });

  it('shows an expired certificate only while told to', async () => {
    const now = Date.now();
    const [valid, expired] = await Promise.all([makeCertificate('x', now), makeCertificate('x', now, true)]);
    const server = await start({ tls: { valid, expired } });
    const fingerprint = () =>
      new Promise<string>((resolve, reject) => {
        // Only looks at the certificate, and sends nothing.
        const socket = tlsConnect(
          { port: Number(new URL(server.origin).port), host: '127.0.0.1', rejectUnauthorized: false },
          () => {
            resolve(socket.getPeerCertificate().fingerprint256);
            socket.destroy();
          },
        );
        socket.on('error', reject);
      });
    expect(await fingerprint()).toBe(valid.fingerprint);
    await server.setFault({ mode: 'tls-expired' });
    expect(await fingerprint()).toBe(expired.fingerprint);
    await server.setFault({ mode: 'none' });
    expect(await fingerprint()).toBe(valid.fingerprint);
  });

  it('refuses an expired certificate where there is no TLS', async () => {
    const server = await start();
    await expect(server.setFault({ mode: 'tls-expired' })).rejects.toThrow('test has no TLS');
    expect(server.fault.mode).toBe('none');
  });
});
