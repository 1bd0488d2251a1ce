import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { FaultError } from './fault.ts';

/** What is sent as `accept-encoding`, and so all that is understood. */
export const ACCEPTED_ENCODINGS = 'gzip, deflate, br';

/**
 * Reads a whole body, decoded. Stops at `maxBytes` of decoded (or of encoded) bytes, so a small answer that unpacks to a
 * huge one costs no more than the cap. Throws `FaultError` (`too-large`, `truncated`, `malformed`) or what the stream throws.
 */
export async function readBody(
  stream: Readable,
  headers: Readonly<Record<string, string>>,
  maxBytes: number,
): Promise<Buffer> {
  const declared = Number(headers['content-length'] ?? Number.NaN);
  if (declared > maxBytes) {
    drop(stream);
    throw new FaultError({ kind: 'too-large', maxBytes });
  }
  const decoder = decoderFor(headers['content-encoding'], stream);
  const chunks: Buffer[] = [];
  const collect = async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of capped(source, maxBytes)) chunks.push(chunk);
  };
  if (!decoder) {
    await pipeline(stream, collect);
  } else {
    try {
      await pipeline(stream, (source: AsyncIterable<Buffer>) => capped(source, maxBytes), decoder, collect);
    } catch (thrown) {
      throw decodingFault(thrown);
    }
  }
  return Buffer.concat(chunks);
}

/** The beginning of an error page: as much as arrives without trouble, at most `maxBytes`. Never throws. */
export async function readBeginning(
  stream: Readable,
  headers: Readonly<Record<string, string>>,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    const decoder = decoderFor(headers['content-encoding'], stream);
    const collect = async (source: AsyncIterable<Buffer>) => {
      for await (const chunk of source) {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes >= maxBytes) return;
      }
    };
    await (decoder ? pipeline(stream, decoder, collect, { signal }) : pipeline(stream, collect, { signal }));
  } catch {
    // The status is the news; a page that breaks off adds nothing to it.
  } finally {
    drop(stream);
  }
  return Buffer.concat(chunks).subarray(0, maxBytes);
}

/** Ends a body that nobody wants. undici reports that as an error, which without a listener would end the process. */
export function drop(stream: Readable): void {
  stream.on('error', () => {}).destroy();
}

async function* capped(source: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new FaultError({ kind: 'too-large', maxBytes });
    yield chunk;
  }
}

function decoderFor(encoding: string | undefined, stream: Readable) {
  switch (encoding?.trim().toLowerCase() ?? '') {
    case '':
    case 'identity':
      return undefined;
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      drop(stream);
      throw new FaultError({ kind: 'malformed', detail: `content-encoding "${encoding}" was not asked for` });
  }
}

function decodingFault(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || thrown instanceof FaultError) return thrown;
  const code = 'code' in thrown ? thrown.code : undefined;
  if (code === 'Z_BUF_ERROR')
    return new FaultError({ kind: 'truncated', detail: 'the compressed body ends early' });
  const isDecoder = typeof code === 'string' && /^(Z_|ERR__ERROR|ERR_BROTLI)/.test(code);
  return isDecoder
    ? new FaultError({ kind: 'malformed', detail: `the compressed body is damaged (${code})` })
    : thrown;
}
