import {
  askOver,
  connectionFault,
  dial,
  findTrustFault,
  hostOf,
  readBounded,
  shakeHands,
  systemAuthorities,
  verifiedTls,
} from '@linux-patch/http/client';
import { parseCertificates } from '@linux-patch/pki';
import type { Files } from '@linux-patch/runtime';
import type { OidcSettings } from '../config/oidc.ts';
import { ProviderTrouble } from './faults.ts';

/** A discovery document has about 5 kB, keys 10 kB, a token with a thousand groups 60 kB. */
const MAX_ANSWER_BYTES = 256 * 1024;
const MAX_CA_BYTES = 1024 * 1024;

/** What is asked of a provider. */
interface Asked {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: URLSearchParams | undefined;
}

/** Asks a provider over HTTPS, with bounds on time and size; follows nowhere. */
export type ProviderFetch = (url: string, asked: Asked) => Promise<Response>;

type FetchSettings = Pick<OidcSettings, 'name' | 'ca_file' | 'timeout_seconds'>;

async function authorities(files: Files, { name, ca_file: path }: FetchSettings): Promise<string[]> {
  if (path === undefined) return systemAuthorities();
  const pem = await files.readTextLimited(path, MAX_CA_BYTES).catch((error: unknown) => {
    throw new ProviderTrouble(name, 'the manager cannot read the file of oidc.ca_file', error);
  });
  if (pem === undefined) throw new ProviderTrouble(name, 'the file of oidc.ca_file is missing');
  try {
    // What cannot be read TLS passes over without a word.
    return [...systemAuthorities(), ...parseCertificates(pem).map((one) => one.pem)];
  } catch (error) {
    const why = 'the file of oidc.ca_file holds no certificates that can be read (PEM)';
    throw new ProviderTrouble(name, why, error);
  }
}

function connectionWords(error: unknown): string {
  const trust = findTrustFault(error);
  if (trust === undefined) return connectionFault(error);
  const remedy = trust.isAboutDates ? 'is a clock wrong?' : 'oidc.ca_file may name an authority of its own';
  return `its certificate is not trusted (${trust.words}); ${remedy}`;
}

/** A status that has no body may be given none (Fetch §2.2.3). */
function responseOf(status: number, body: Buffer, headers: NodeJS.Dict<string | string[]>): Response {
  const kept = ['content-type', 'www-authenticate'].flatMap((name): [string, string][] => {
    const value = headers[name];
    return typeof value === 'string' ? [[name, value]] : [];
  });
  const hasBody = ![204, 205, 304].includes(status);
  return new Response(hasBody ? new Uint8Array(body) : null, { status, headers: kept });
}

/** @throws ProviderTrouble by what it returns, for everything that goes wrong on the way */
export function createProviderFetch(files: Files, settings: FetchSettings): ProviderFetch {
  const { name, timeout_seconds: seconds } = settings;
  return async (address, { method, headers, body }) => {
    const url = new URL(address);
    const trouble = (why: string, cause?: unknown) => new ProviderTrouble(name, `${url.host} ${why}`, cause);
    if (url.protocol !== 'https:') throw trouble('is named by the provider without https');
    const ca = await authorities(files, settings);
    const signal = AbortSignal.timeout(seconds * 1_000);
    const host = hostOf(url);
    try {
      const { connection } = await shakeHands({
        openWire: () => dial({ host, port: Number(url.port || 443), signal }),
        shake: (attempt) => verifiedTls(host, attempt, ca),
        timeoutMs: seconds * 1_000,
        signal,
      });
      const text = body?.toString();
      const answer = await askOver(connection, {
        method,
        target: url.pathname + url.search,
        headers: {
          ...headers,
          host: url.host,
          ...(text === undefined ? {} : { 'content-length': String(Buffer.byteLength(text)) }),
        },
        body: text,
        signal,
      });
      const bytes = await readBounded(answer, MAX_ANSWER_BYTES, () =>
        trouble(`answers with more than ${MAX_ANSWER_BYTES / 1024} KiB`),
      ).finally(() => answer.destroy());
      return responseOf(answer.statusCode ?? 0, bytes, answer.headers);
    } catch (error) {
      if (error instanceof ProviderTrouble) throw error;
      if (signal.aborted) throw trouble(`does not answer within ${seconds} s`, error);
      throw trouble(`does not answer (${connectionWords(error)})`, error);
    }
  };
}
