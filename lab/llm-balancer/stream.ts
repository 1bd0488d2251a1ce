import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import { finish, type ChatCall } from './call.ts';
import { noUsage, usageOfLastChunk } from './usage.ts';

/**
 * Relays a stream byte for byte as it comes. Ends in one of three ways: complete (usage of the last chunk counts), cut by
 * the endpoint (a failure; the caller's connection is cut too, no error event), or left by the caller (a success, and
 * the endpoint's in-flight count is never given back: the original's defect).
 */
export async function relayStream(
  call: ChatCall,
  answer: Dispatcher.ResponseData,
  headers: OutgoingHttpHeaders,
): Promise<void> {
  const { response } = call.exchange;
  let last: Buffer | undefined;
  let isOver = false;
  let isAbandoned = response.destroyed;
  const onClose = () => {
    if (isOver) return;
    isAbandoned = true;
    answer.body.destroy();
  };
  response.on('close', onClose);
  let isBroken = false;
  try {
    response.writeHead(answer.statusCode, headers);
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      last = chunk;
      if (!response.write(chunk)) await drained(response);
    }
  } catch {
    isBroken = true;
  }
  isOver = true;
  response.off('close', onClose);
  if (isAbandoned) {
    answer.body.destroy();
    finish(call, true, last ? usageOfLastChunk(last) : noUsage, false);
  } else if (isBroken) {
    finish(call, false, noUsage);
    response.destroy();
  } else {
    finish(call, true, last ? usageOfLastChunk(last) : noUsage);
    response.end();
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    if (response.destroyed) {
      resolve();
      return;
    }
    response.on('drain', done);
    response.on('close', done);
  });
}
