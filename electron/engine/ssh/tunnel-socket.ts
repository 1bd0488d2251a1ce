import { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';

/**
 * A TCP connection made at the far end of an SSH connection, as a stream that ends when its channel does. It has the few
 * methods of a TCP socket that HTTP and TLS call without asking; they have nothing to set here.
 */
export class TunnelSocket extends Duplex {
  readonly #channel: ClientChannel;
  /** Bytes received, as on a TCP socket. */
  bytesRead = 0;

  constructor(channel: ClientChannel) {
    super({ allowHalfOpen: true });
    this.#channel = channel;
    channel.on('data', (chunk: Buffer) => {
      this.bytesRead += chunk.length;
      if (!this.push(chunk)) channel.pause();
    });
    channel.on('end', () => this.push(null));
    channel.on('error', (error: Error) => this.destroy(error));
    channel.on('close', () => {
      // What arrived before must be read first; a reader that never comes must not keep a dead socket.
      if (!this.readableEnded && this.readableLength > 0) this.once('end', () => this.destroy());
      else this.destroy();
    });
  }

  override _read(): void {
    this.#channel.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    if (!this.#channel.writable) done(new Error('the channel was closed'));
    else this.#channel.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#channel.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#channel.resume();
    this.#channel.close();
    done(error);
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
