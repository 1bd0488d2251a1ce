/** A failure as Consul tells it: a status and plain text. */
export class ConsulFailure extends Error {
  readonly status: number;
  /** Error answers of lists still carry meta headers, of no worth: index 1, no leader. */
  readonly withMeta: boolean;

  constructor(status: number, text: string, withMeta = false) {
    super(text);
    this.status = status;
    this.withMeta = withMeta;
  }
}
