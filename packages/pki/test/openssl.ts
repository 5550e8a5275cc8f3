import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The real `openssl` in a folder of its own: material and judgement that do not come from our code. */
export interface Openssl extends Disposable {
  /** Runs it and returns its output; throws when it exits with a failure. */
  run(...args: string[]): string;
  write(name: string, text: string | Uint8Array): string;
  read(name: string): string;
  bytes(name: string): Buffer;
}

export function opensslFolder(): Openssl {
  const folder = mkdtempSync(join(tmpdir(), 'linux-patch-openssl-'));
  return {
    run(...args) {
      return execFileSync('openssl', args, {
        cwd: folder,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    },
    write(name, text) {
      writeFileSync(join(folder, name), text);
      return name;
    },
    read: (name) => readFileSync(join(folder, name), 'utf8'),
    bytes: (name) => readFileSync(join(folder, name)),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Key arguments of `openssl req -newkey` by the name that our facts give the algorithm. */
export const NEW_KEY: Readonly<Record<string, readonly string[]>> = {
  'EC P-256': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  'EC P-384': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  'RSA 2048': ['-newkey', 'rsa:2048'],
  Ed25519: ['-newkey', 'ed25519'],
};

/** Makes `NAME.key` and a self-signed `NAME.pem` (a CA unless extensions say otherwise). */
export function opensslSelfSigned(openssl: Openssl, name: string, ...more: readonly string[]): void {
  const newKey = more.includes('-newkey') ? [] : (NEW_KEY['EC P-256'] ?? []);
  const files = ['-keyout', `${name}.key`, '-out', `${name}.pem`];
  openssl.run('req', '-x509', '-nodes', ...newKey, ...files, '-subj', `/O=Elsewhere/CN=${name}`, ...more);
}

/** Makes `NAME.key` and `NAME.pem`, signed by `ISSUER`, with these lines of an extension file. */
export function opensslIssued(
  openssl: Openssl,
  name: string,
  issuer: string,
  options: {
    readonly extensions?: readonly string[];
    readonly days?: number;
    readonly newKey?: readonly string[];
  } = {},
): void {
  const newKey = options.newKey ?? NEW_KEY['EC P-256'] ?? [];
  openssl.run(
    'req',
    '-new',
    '-nodes',
    ...newKey,
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.csr`,
    '-subj',
    `/CN=${name}`,
  );
  openssl.write(`${name}.ext`, (options.extensions ?? []).join('\n'));
  const signing = ['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`, '-CAcreateserial'];
  const files = ['-in', `${name}.csr`, '-out', `${name}.pem`, '-extfile', `${name}.ext`];
  openssl.run('x509', '-req', ...signing, ...files, '-days', String(options.days ?? 30));
}
