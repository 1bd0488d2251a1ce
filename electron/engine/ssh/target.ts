/** How to prove who we are, with the secrets themselves. Stays in this process and out of every log. */
export type SshAuth =
  | { readonly type: 'none' }
  | {
      readonly type: 'password';
      readonly password: string;
      /** Whether a single hidden question of the server may be answered with the password. */
      readonly keyboardInteractive: boolean;
    }
  | {
      readonly type: 'key';
      /** PEM or OpenSSH text, or the file that holds it. */
      readonly source: { readonly text: string } | { readonly file: string };
      readonly passphrase: string | undefined;
    }
  | {
      readonly type: 'agent';
      /** Socket or pipe of the agent; undefined: none is running. */
      readonly socket: string | undefined;
      /** SHA-256 fingerprint of the one key to offer. */
      readonly identity: string | undefined;
    };

/** An SSH host, ready to be connected to. */
export interface SshTarget {
  /** Connection id. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly auth: SshAuth;
  /** SHA-256 fingerprints of its host keys; none: known_hosts decides. */
  readonly hostKeys: readonly string[];
}

/** `host:port`, for words. */
export function addressOf({ host, port }: Pick<SshTarget, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
