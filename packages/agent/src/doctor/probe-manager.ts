import { ENROLL_PATHS, isPatchError, parseJson } from '@linux-patch/contract';
import { dial, hostOf } from '@linux-patch/http/client';
import { parseCertificates } from '@linux-patch/pki';
import { establishTrust } from '../enrollment/trust/trust.ts';
import type { Proxy } from '../host/proxy.ts';
import { isUsable } from '../identity/identity.ts';
import type { ManagerAnswer } from '../manager-link/client.ts';
import { type PeerTrust, verifiedBy } from '../manager-link/connection.ts';
import { ManagerFailure } from '../manager-link/failure.ts';
import { type ManagerLink, type ManagerWay, openManagerLink } from '../manager-link/link.ts';
import { openTunnel } from '../manager-link/proxy-tunnel.ts';
import type { Stage } from '../manager-link/request.ts';
import type { DoctorHost, DoctorPlace } from './checks/host.ts';
import { within } from './within.ts';

type ProbeDoors = Pick<DoctorPlace, 'files' | 'network' | 'clock' | 'signal'>;
type ProbedBy = Pick<DoctorHost, 'config' | 'place' | 'inspection' | 'proxyFor'>;

/** Each step of the way gets so long; all of them together half a minute at most. */
const STEP_LIMIT_MS = 5_000;

/** How far a probe of the manager came. */
export type Probe =
  | { readonly step: 'proxy_invalid'; readonly message: string }
  | {
      readonly step: 'proxy';
      readonly shown: string;
      readonly status: number | null;
      readonly message: string;
    }
  | { readonly step: 'dns'; readonly message: string }
  | { readonly step: 'connect'; readonly code: string; readonly message: string }
  | { readonly step: 'pin'; readonly message: string; readonly offsetMs: number | undefined }
  | {
      readonly step: 'exchange';
      readonly kind: ManagerFailure['kind'];
      /** OpenSSL's or the system's word for it. */
      readonly code: string | undefined;
      /** How far the request had come. */
      readonly stage?: Stage | undefined;
      /** What was answered instead of what was asked for. */
      readonly status?: number | undefined;
      readonly message: string;
      readonly offsetMs: number | undefined;
    }
  | {
      readonly step: 'answer';
      readonly status: number;
      readonly contentType: string;
      /** Whether it is what a manager of either generation says. */
      readonly isManager: boolean;
      readonly smallHello: boolean;
      readonly offsetMs: number | undefined;
    };

/** Who asks, and which manager. */
interface Asking {
  readonly at: ProbeDoors;
  readonly host: ProbedBy;
  readonly url: URL;
}

/** Goes the way to the manager step by step: name, port or proxy, TLS, an answer. Bounded in time; changes nothing. */
export async function probeManager(at: ProbeDoors, host: ProbedBy, url: URL): Promise<Probe> {
  const proxy = host.proxyFor(url);
  if (proxy && 'fault' in proxy) return { step: 'proxy_invalid', message: proxy.fault };
  const blocked = proxy ? await tryProxy(at, url, proxy) : await tryPort(at, url);
  return blocked ?? exchange({ at, host, url });
}

async function tryProxy({ signal }: ProbeDoors, url: URL, proxy: Proxy): Promise<Probe | undefined> {
  try {
    const socket = await openTunnel(proxy, { url, timeoutMs: 2 * STEP_LIMIT_MS, signal });
    socket.destroy();
    return undefined;
  } catch (error) {
    if (!(error instanceof ManagerFailure)) throw error;
    const status = error.details.proxy_status;
    return {
      step: 'proxy',
      shown: proxy.shown,
      status: typeof status === 'number' ? status : null,
      message: error.message,
    };
  }
}

async function tryPort({ network, signal }: ProbeDoors, url: URL): Promise<Probe | undefined> {
  const name = hostOf(url);
  let addresses: string[];
  try {
    addresses = await within(STEP_LIMIT_MS, network.resolve(name));
  } catch (error) {
    return { step: 'dns', message: `${name}: ${(error as Error).message}` };
  }
  const port = Number(url.port) || (url.protocol === 'http:' ? 80 : 443);
  const limit = AbortSignal.timeout(STEP_LIMIT_MS);
  const resolve = () => Promise.resolve(addresses);
  try {
    const socket = await dial({ host: name, port, resolve, signal: AbortSignal.any([signal, limit]) });
    socket.destroy();
    return undefined;
  } catch (error) {
    const { code = 'unknown', message } = error as NodeJS.ErrnoException;
    if (code === 'ENOTFOUND') return { step: 'dns', message };
    const words = limit.aborted ? `no answer within ${STEP_LIMIT_MS / 1000} s` : message;
    const where = `${addresses.join(', ')} port ${port}`;
    return { step: 'connect', code: limit.aborted ? 'ETIMEDOUT' : code, message: `${where}: ${words}` };
  }
}

const ANYTHING = { headers: { accept: 'application/x-pem-file, application/json, */*' } };

function wayTo({ at, host, url }: Asking): ManagerWay {
  return { managerUrl: url, proxyFor: host.proxyFor, timeoutMs: STEP_LIMIT_MS, signal: at.signal };
}

/** Whom this host believes: what is configured, else the CA that is installed, else what an enrolment would. */
async function peerTrustOf(asking: Asking): Promise<PeerTrust> {
  const { host } = asking;
  const { files } = asking.at;
  const { ca_file: caFile, ca_fingerprint: caFingerprint, trust } = host.config.enrollment;
  if (caFile === undefined && caFingerprint === undefined && isUsable(host.inspection.status)) {
    return verifiedBy((await files.readText(host.place.paths.ca)) ?? '');
  }
  const sources = { files, way: wayTo(asking), caFile, caFingerprint, mode: trust };
  return (await establishTrust(sources)).peer;
}

/** The manager's time less this host's, by the `Date` of an answer (one second exact). */
function offsetOf(answer: ManagerAnswer, nowMs: number): number | undefined {
  const theirs = Date.parse(answer.headers.date ?? '');
  return Number.isNaN(theirs) ? undefined : theirs - nowMs;
}

/** Also asked of a peer that is not believed: its clock tells why it is not. */
async function unprovenOffset(asking: Asking): Promise<number | undefined> {
  try {
    const link = openManagerLink(wayTo(asking), { kind: 'unverified' });
    return offsetOf(await link.get(ENROLL_PATHS.ca, ANYTHING), asking.at.clock.now());
  } catch {
    return undefined;
  }
}

async function exchange(asking: Asking): Promise<Probe> {
  try {
    const link = openManagerLink(wayTo(asking), await peerTrustOf(asking));
    const answer = await link.get(ENROLL_PATHS.ca, ANYTHING);
    const isManager = isCa(answer) || (answer.status === 404 && (await isOlderManager(link)));
    const { status, smallHello } = answer;
    const contentType = answer.headers['content-type'] ?? '';
    return {
      step: 'answer',
      status,
      contentType,
      isManager,
      smallHello,
      offsetMs: offsetOf(answer, asking.at.clock.now()),
    };
  } catch (error) {
    return failureOf(asking, error);
  }
}

async function failureOf(asking: Asking, error: unknown): Promise<Probe> {
  if (!(error instanceof ManagerFailure)) {
    // An unusable enrollment.ca_file has a finding of its own.
    if (isPatchError(error)) {
      return {
        step: 'exchange',
        kind: 'security',
        code: undefined,
        message: error.message,
        offsetMs: undefined,
      };
    }
    throw error;
  }
  const code = (error.cause as NodeJS.ErrnoException | undefined)?.code;
  const offsetMs = error.kind === 'security' ? await unprovenOffset(asking) : undefined;
  const { ca_fingerprint: pin } = asking.host.config.enrollment;
  if (error.kind === 'security' && code === undefined && pin !== undefined)
    return { step: 'pin', message: error.message, offsetMs };
  const { stage, status } = error.details as { readonly stage?: Stage; readonly status?: number };
  return { step: 'exchange', kind: error.kind, code, stage, status, message: error.message, offsetMs };
}

function isCa(answer: ManagerAnswer): boolean {
  if (answer.status !== 200) return false;
  try {
    return parseCertificates(answer.text).some((one) => one.isCa);
  } catch {
    return false;
  }
}

/** A manager of the older generation publishes no CA; it answers about a token that nobody has. */
async function isOlderManager(link: ManagerLink): Promise<boolean> {
  const answer = await link.get(`${ENROLL_PATHS.status}/${'0'.repeat(64)}`, ANYTHING);
  try {
    const { status } = parseJson(answer.text) as { status?: unknown };
    return answer.status === 200 && (status === 'notfound' || status === 'not_found');
  } catch {
    return false;
  }
}
