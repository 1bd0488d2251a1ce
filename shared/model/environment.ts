import { z } from 'zod';
import { SystemKindSchema } from './connection.ts';

export const protections = ['open', 'confirm', 'read-only'] as const;
export const ProtectionSchema = z.enum(protections);
export type Protection = z.infer<typeof ProtectionSchema>;

/** A secret in a file is either the text itself or `${env:NAME}`, resolved when the connection starts. */
const SecretTextSchema = z.string().min(1).max(8_192);

export const AuthSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('none') }),
  /** LoxiLB raw token, Consul ACL token, balancer admin token, Proxmox `user@realm!id=secret`. */
  z.strictObject({ type: z.literal('token'), token: SecretTextSchema }),
  z.strictObject({
    type: z.literal('password'),
    username: z.string().min(1).max(256),
    password: SecretTextSchema,
    /** SSH only: answer the server's one hidden question with the password, where it asks in a dialogue. */
    keyboardInteractive: z.boolean().optional(),
  }),
]);
/** Credentials of a system that is asked over HTTP. */
export type Auth = z.infer<typeof AuthSchema>;

/** SHA-256 fingerprint of an SSH key, as `ssh-keygen -l` prints it. */
const SshFingerprintSchema = z
  .string()
  .regex(/^SHA256:[A-Za-z0-9+/]{43}=?$/, 'must be a fingerprint as "ssh-keygen -l" prints it: SHA256:…');

/** All that a file may hold: the above, and what an SSH host takes besides. */
export const ConnectionAuthSchema = z.discriminatedUnion('type', [
  ...AuthSchema.options,
  /** Either the key's text or the file that holds it. The user name may stand in the URL instead. */
  z.strictObject({
    type: z.literal('key'),
    username: z.string().min(1).max(256).optional(),
    /** PEM or OpenSSH text. */
    privateKey: z.string().min(1).max(65_536).optional(),
    /** Absolute, or from the home folder: `~/.ssh/id_ed25519`. Read when it is needed. */
    privateKeyFile: z.string().min(1).max(4_096).optional(),
    passphrase: SecretTextSchema.optional(),
  }),
  /** The running agent (SSH_AUTH_SOCK). `identity` is the fingerprint of the one key to offer; without it the first five are. */
  z.strictObject({
    type: z.literal('agent'),
    username: z.string().min(1).max(256).optional(),
    identity: SshFingerprintSchema.optional(),
  }),
]);
export type ConnectionAuth = z.infer<typeof ConnectionAuthSchema>;

export const TlsSchema = z.strictObject({
  /** PEM text of a private CA. */
  ca: z.string().max(200_000).optional(),
  /** SHA-256 fingerprint of the server's certificate, hex with or without colons. Replaces CA verification. */
  fingerprint: z
    .string()
    .regex(/^([0-9a-fA-F]{2}:?){32}$/, 'must be a SHA-256 fingerprint: 64 hexadecimal digits')
    .optional(),
  /** Name to verify and to send as SNI, when it differs from the URL's host. */
  serverName: z.string().max(253).optional(),
});
export type Tls = z.infer<typeof TlsSchema>;

export const ConnectionConfigSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'must be lower-case letters, digits, dot, dash or underscore'),
  system: SystemKindSchema,
  url: z.url({ protocol: /^(https?|ssh)$/ }).max(2_000),
  auth: ConnectionAuthSchema.optional(),
  tls: TlsSchema.optional(),
  /** Id of an SSH connection to go through. An SSH connection may itself go through another. */
  via: z.string().optional(),
  /** SSH only: fingerprints of the host's keys, one for each type of key that it may show. Replaces known_hosts. */
  hostKey: z.union([SshFingerprintSchema, z.array(SshFingerprintSchema).min(1).max(20)]).optional(),
});
export type ConnectionConfig = z.infer<typeof ConnectionConfigSchema>;

/** The published environment file, version 1. Unknown keys are refused by name. */
export const EnvironmentFileSchema = z
  .strictObject({
    name: z.string().min(1).max(100),
    protection: ProtectionSchema.default('read-only'),
    connections: z.array(ConnectionConfigSchema).max(200),
  })
  .check((ctx) => {
    const seen = new Set<string>();
    ctx.value.connections.forEach((connection, index) => {
      if (seen.has(connection.id)) {
        ctx.issues.push({
          code: 'custom',
          input: connection.id,
          path: ['connections', index, 'id'],
          message: `duplicate connection id "${connection.id}"`,
        });
      }
      seen.add(connection.id);
    });
  });
export type EnvironmentFile = z.infer<typeof EnvironmentFileSchema>;

/** An environment as screens see it. */
export const EnvironmentSummarySchema = z.object({
  id: z.string(),
  name: z.string(),
  protection: ProtectionSchema,
  /** Where it was read from, in words: "built-in lab", "environment file". */
  origin: z.string(),
  active: z.boolean(),
  connectionCount: z.number().int(),
});
export type EnvironmentSummary = z.infer<typeof EnvironmentSummarySchema>;
