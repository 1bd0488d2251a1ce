import { X509Certificate } from 'node:crypto';
import { generate } from 'selfsigned';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
  /** SHA-256, upper-case hex with colons, as Proxmox and openssl print it. */
  readonly fingerprint: string;
}

const DAY_MS = 86_400_000;

/** A self-signed server certificate for 127.0.0.1 and localhost. `expired`: its time ended a day before `now`. */
export async function makeCertificate(
  commonName: string,
  now: number,
  expired = false,
): Promise<Certificate> {
  const pems = await generate([{ name: 'commonName', value: commonName }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(now - (expired ? 400 : 1) * DAY_MS),
    notAfterDate: new Date(now + (expired ? -1 : 825) * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 7, ip: '127.0.0.1' },
          { type: 2, value: 'localhost' },
          { type: 2, value: commonName },
        ],
      },
    ],
  });
  return { key: pems.private, cert: pems.cert, fingerprint: new X509Certificate(pems.cert).fingerprint256 };
}
