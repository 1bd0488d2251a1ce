import { GantryError, type ErrorCode } from '../../../../shared/model/error.ts';

/** Failures that concern one answer of a server that otherwise works: the rest is worth showing without it. */
const oneAnswer: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'not-found',
  'unsupported',
  'forbidden',
  'server-error',
  'malformed',
  'too-large',
]);

const whyMissing: Partial<Record<ErrorCode, string>> = {
  'not-found': 'not offered by this version',
  unsupported: 'not offered by this version',
  forbidden: 'not allowed with these credentials',
  'server-error': 'LoxiLB failed to answer',
  malformed: 'the answer does not fit LoxiLB’s API',
  'too-large': 'the answer is too large',
};

export function isAboutOneAnswer(thrown: unknown): thrown is GantryError {
  return thrown instanceof GantryError && oneAnswer.has(thrown.code);
}

/** The parts of one observation that may fail one by one without hiding the others. */
export class Parts {
  /** What could not be read, in words. */
  readonly missing: string[] = [];
  #failure: GantryError | undefined;
  #succeeded = false;

  /** undefined when this part alone failed. @throws GantryError for failures of the whole connection. */
  async read<T>(what: string, read: () => Promise<T>): Promise<T | undefined> {
    try {
      const value = await read();
      this.#succeeded = true;
      return value;
    } catch (thrown) {
      if (!isAboutOneAnswer(thrown)) throw thrown;
      this.#failure ??= thrown;
      this.missing.push(`${what} missing: ${whyMissing[thrown.code] ?? thrown.code}`);
      return undefined;
    }
  }

  /** When nothing at all could be read, it was not about one answer. @throws GantryError the first failure */
  failIfAllFailed(): void {
    if (this.#failure && !this.#succeeded) throw this.#failure;
  }
}
