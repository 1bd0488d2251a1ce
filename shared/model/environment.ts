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
  }),
]);
export type Auth = z.infer<typeof AuthSchema>;

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
  auth: AuthSchema.optional(),
  tls: TlsSchema.optional(),
  /** Id of an SSH connection to go through. */
  via: z.string().optional(),
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
