/** Pure part of the chat protocol: what a request means and the JSON of each answer and stream event. */

export interface ChatRequest {
  readonly model: string;
  readonly promptTokens: number;
  /** null: the caller set no limit. */
  readonly maxTokens: number | null;
  readonly stream: boolean;
  readonly includeUsage: boolean;
}

/** An error answer in the field's usual shape: `{"error": {"message", "type", "param", "code"}}`. */
export class ChatError extends Error {
  readonly status: number;
  readonly body: {
    readonly error: {
      readonly message: string;
      readonly type: string;
      readonly param: string | null;
      readonly code: string | null;
    };
  };

  constructor(
    status: number,
    message: string,
    { type = 'invalid_request_error', param = null, code = null }: ChatErrorKind = {},
  ) {
    super(message);
    this.status = status;
    this.body = { error: { message, type, param, code } };
  }
}

interface ChatErrorKind {
  readonly type?: string;
  readonly param?: string | null;
  readonly code?: string | null;
}

const CHARACTERS_PER_TOKEN = 4;
const TOKENS_PER_MESSAGE = 4;

/** Throws ChatError 400 when the body is no chat request, 404 when `strict` and the model is not served here. */
export function readChatRequest(body: string, servedModel: string, strict: boolean): ChatRequest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw new ChatError(400, 'We could not parse the JSON body of your request.');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new ChatError(400, 'The request body must be a JSON object.');
  }
  const request = parsed as Record<string, unknown>;
  if (typeof request['model'] !== 'string') {
    throw new ChatError(400, 'you must provide a model parameter', { param: 'model' });
  }
  if (strict && request['model'] !== servedModel) {
    throw new ChatError(404, `The model \`${request['model']}\` does not exist`, {
      param: 'model',
      code: 'model_not_found',
    });
  }
  const messages = request['messages'];
  if (!Array.isArray(messages) || messages.length === 0) {
    throw new ChatError(400, 'messages must be a non-empty array', { param: 'messages' });
  }
  const options = request['stream_options'];
  return {
    model: servedModel,
    promptTokens: messages.reduce((sum: number, message: unknown) => sum + tokensOf(message), 0),
    maxTokens: readLimit(request['max_completion_tokens'] ?? request['max_tokens']),
    stream: request['stream'] === true,
    includeUsage:
      typeof options === 'object' &&
      options !== null &&
      (options as Record<string, unknown>)['include_usage'] === true,
  };
}

function readLimit(value: unknown): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) {
    throw new ChatError(400, 'max_tokens must be a positive integer', { param: 'max_tokens' });
  }
  return value;
}

/** Content is a text or a list of parts, of which those of type `text` have one. */
function tokensOf(message: unknown): number {
  const content =
    typeof message === 'object' && message !== null
      ? (message as Record<string, unknown>)['content']
      : undefined;
  const parts = Array.isArray(content) ? content : [content];
  const characters = parts.reduce((sum: number, part: unknown) => {
    if (typeof part === 'string') return sum + part.length;
    const text =
      typeof part === 'object' && part !== null ? (part as Record<string, unknown>)['text'] : undefined;
    return sum + (typeof text === 'string' ? text.length : 0);
  }, 0);
  return TOKENS_PER_MESSAGE + Math.ceil(characters / CHARACTERS_PER_TOKEN);
}

const vocabulary = (
  'the request arrives at a virtual address and is handed to one of the members that answer behind it ' +
  'each hop adds a little time and each hop can fail so the path is watched from end to end'
).split(' ');

/** The words of an answer, one a token, with the blank that precedes all but the first. */
export function answerWords(count: number, offset: number): string[] {
  return Array.from({ length: count }, (_, n) => {
    const word = vocabulary[(n + offset) % vocabulary.length] ?? '';
    return n === 0 ? word : ` ${word}`;
  });
}

export interface Completion {
  readonly id: string;
  /** Epoch seconds. */
  readonly created: number;
  readonly model: string;
  readonly words: readonly string[];
  readonly promptTokens: number;
  readonly finishReason: 'stop' | 'length';
}

function usageOf(completion: Completion) {
  return {
    prompt_tokens: completion.promptTokens,
    completion_tokens: completion.words.length,
    total_tokens: completion.promptTokens + completion.words.length,
  };
}

export function completionBody(completion: Completion) {
  return {
    id: completion.id,
    object: 'chat.completion',
    created: completion.created,
    model: completion.model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: completion.words.join(''), refusal: null },
        logprobs: null,
        finish_reason: completion.finishReason,
      },
    ],
    usage: usageOf(completion),
    system_fingerprint: 'fp_lab',
  };
}

/** The events of a stream, in order: role, one a word, the finish reason, and the usage when it was asked for. */
export function streamEvents(completion: Completion, includeUsage: boolean): object[] {
  const event = (delta: object, finishReason: string | null) => ({
    ...eventHead(completion),
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
    ...(includeUsage ? { usage: null } : {}),
  });
  return [
    event({ role: 'assistant', content: '' }, null),
    ...completion.words.map((content) => event({ content }, null)),
    event({}, completion.finishReason),
    ...(includeUsage ? [{ ...eventHead(completion), choices: [], usage: usageOf(completion) }] : []),
  ];
}

function eventHead(completion: Completion) {
  return {
    id: completion.id,
    object: 'chat.completion.chunk',
    created: completion.created,
    model: completion.model,
    system_fingerprint: 'fp_lab',
  };
}

/** One server-sent event. */
export function sse(data: object | '[DONE]'): string {
  return `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}
