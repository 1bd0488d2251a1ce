import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startLabServer, type LabServer } from '../kit/server.ts';
import { defaultBehaviour, type LlmBehaviour } from './behaviour.ts';
import { llmEndpointHandler } from './endpoint.ts';

let server: LabServer;
let behaviour: LlmBehaviour;
let time: number;
beforeEach(async () => {
  time = 1_800_000_000_000;
  behaviour = defaultBehaviour({ latencyMs: 0 });
  server = await startLabServer({
    name: 'llm-a',
    handler: llmEndpointHandler({ model: 'm-large', behaviour, now: () => time, random: () => 0.5 }),
  });
});
afterEach(() => server.close());

const messages = [{ role: 'user', content: 'How are you?' }];

function call(path: string, body?: object, key = behaviour.apiKey): Promise<Response> {
  return fetch(server.origin + path, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
}

const chat = (extra: object = {}) => call('/v1/chat/completions', { model: 'm-large', messages, ...extra });

/** The JSON of each event; the text of one that is none. */
function events(text: string): unknown[] {
  expect(text.endsWith('\n\n')).toBe(true);
  return text
    .slice(0, -2)
    .split('\n\n')
    .map((event) => {
      expect(event.startsWith('data: ')).toBe(true);
      const data = event.slice('data: '.length);
      return data === '[DONE]' ? data : (JSON.parse(data) as unknown);
    });
}

describe('models', () => {
  it('lists the model, and gives it by id', async () => {
    const list = (await (await call('/v1/models')).json()) as { data: object[] };
    expect(list).toMatchObject({ object: 'list', data: [{ id: 'm-large', object: 'model' }] });
    expect(await (await call('/v1/models/m-large')).json()).toEqual(list.data[0]);
  });

  it('wants the key', async () => {
    const refused = await call('/v1/models', undefined, 'wrong');
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({ error: { code: 'invalid_api_key', param: null } });
  });
});

describe('chat', () => {
  it('answers whole, with usage that adds up', async () => {
    const answer = (await (await chat()).json()) as {
      choices: { message: { content: string } }[];
      usage: Record<string, number>;
    };
    expect(answer).toMatchObject({
      object: 'chat.completion',
      model: 'm-large',
      choices: [{ index: 0, message: { role: 'assistant' }, finish_reason: 'stop' }],
    });
    const words = answer.choices[0]?.message.content.split(' ').length;
    expect(answer.usage).toEqual({
      prompt_tokens: 7,
      completion_tokens: words,
      total_tokens: 7 + (words ?? 0),
    });
  });

  it('stops at max_tokens and says so', async () => {
    for (const limit of ['max_tokens', 'max_completion_tokens']) {
      expect(await (await chat({ [limit]: 3 })).json()).toMatchObject({
        choices: [{ finish_reason: 'length' }],
        usage: { completion_tokens: 3 },
      });
    }
  });

  it('streams the same words, with usage only for those who ask', async () => {
    const plain = await chat({ stream: true, max_tokens: 3 });
    expect(plain.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const plainEvents = events(await plain.text());
    expect(plainEvents).toHaveLength(6);
    expect(plainEvents.at(-1)).toBe('[DONE]');
    expect(plainEvents[0]).toMatchObject({ choices: [{ delta: { role: 'assistant', content: '' } }] });
    expect(plainEvents[4]).toMatchObject({ choices: [{ delta: {}, finish_reason: 'length' }] });
    expect(plainEvents.some((event) => typeof event === 'object' && event !== null && 'usage' in event)).toBe(
      false,
    );

    const asked = events(
      await (await chat({ stream: true, stream_options: { include_usage: true }, max_tokens: 3 })).text(),
    );
    expect(asked).toHaveLength(7);
    expect(asked[1]).toMatchObject({ object: 'chat.completion.chunk', usage: null });
    expect(asked[5]).toMatchObject({ choices: [], usage: { completion_tokens: 3, prompt_tokens: 7 } });
  });

  it('refuses a prompt beyond its context, bad bodies, and other models when strict', async () => {
    behaviour.contextTokens = 10;
    const long = await chat({ max_tokens: 50 });
    expect([long.status, ((await long.json()) as { error: { code: string } }).error.code]).toEqual([
      400,
      'context_length_exceeded',
    ]);
    behaviour.contextTokens = 100;
    expect((await chat({ messages: [] })).status).toBe(400);
    expect((await chat({ model: 'm-other' })).status).toBe(200);
    behaviour.strictModel = true;
    expect((await chat({ model: 'm-other' })).status).toBe(404);
    expect((await call('/v1/embeddings', {})).status).toBe(404);
  });

  it('fails, limits its rate and says when to come back, as told', async () => {
    behaviour.failureFraction = 1;
    behaviour.failureStatus = 503;
    expect((await chat()).status).toBe(503);
    behaviour.failureFraction = 0;
    behaviour.requestsPerMinute = 2;
    const first = await chat();
    expect(first.headers.get('x-ratelimit-limit-requests')).toBe('2');
    expect(first.headers.get('x-ratelimit-remaining-requests')).toBe('1');
    time += 10_000;
    await chat();
    const refused = await chat();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '50']);
    time += 50_000;
    expect((await chat()).status).toBe(200);
  });
});
