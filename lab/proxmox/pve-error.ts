/** A failure as the API tells it: status, the text that becomes the reason phrase, and errors per parameter. */
export class PveError extends Error {
  override readonly name = 'PveError';
  readonly status: number;
  readonly errors: Readonly<Record<string, string>> | undefined;

  constructor(status: number, message: string, errors?: Readonly<Record<string, string>>) {
    super(message);
    this.status = status;
    this.errors = errors;
  }
}

/** 400 with a text per parameter. */
export function badParameters(errors: Readonly<Record<string, string>>): PveError {
  return new PveError(400, 'Parameter verification failed.', errors);
}

/** 403 that names the path and the privileges; several are joined by a bar. */
export function denied(path: string, privileges: readonly string[]): PveError {
  return new PveError(403, `Permission check failed (${path}, ${privileges.join('|')})`);
}

/** 500: what the API answers for everything that has no status of its own, a missing guest included. */
export function failure(text: string): PveError {
  return new PveError(500, text);
}

/** 400 on one parameter. */
export function badParameter(name: string, text: string): PveError {
  return badParameters({ [name]: text });
}
