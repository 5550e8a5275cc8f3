import { hostOf } from '@linux-patch/http/client';
import { isUsable } from '../../identity/identity.ts';
import type { Finding } from '../finding.ts';
import { type Probe, probeManager } from '../probe-manager.ts';
import { clockFinding } from './clock.ts';
import { type DoctorHost, type DoctorPlace, managerUrlOf } from './host.ts';

/** What is used of the place and of what is known of the host. */
type At = Pick<DoctorPlace, 'files' | 'network' | 'clock' | 'signal'>;
type Known = Pick<DoctorHost, 'config' | 'place' | 'inspection' | 'proxyFor'>;

type Exchange = Extract<Probe, { step: 'exchange' }>;
type Answer = Extract<Probe, { step: 'answer' }>;

const CLOCK_CODES = new Set(['CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED']);
const CUT_CODES = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE']);
const NO_TLS = /^(EPROTO|ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNSUPPORTED_PROTOCOL)|HPE_)/;

function exchangeFinding(probe: Exchange): Finding {
  const { code = '', message: detail, kind, status = 0 } = probe;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return { code: 'MANAGER_NAME_MISMATCH', detail };
  if (CLOCK_CODES.has(code)) return { code: 'MANAGER_CERT_OUT_OF_DATE', detail };
  if (kind === 'security') return { code: 'MANAGER_CA_UNKNOWN', detail };
  if (kind === 'throttled') return { code: 'MANAGER_THROTTLES', detail };
  if (kind === 'protocol') return { code: 'MANAGER_IS_OTHER_SERVICE', detail };
  if (NO_TLS.test(code)) return { code: 'MANAGER_NOT_TLS', detail };
  if (status >= 500) return { code: 'MANAGER_DOWN', detail };
  if (CUT_CODES.has(code)) return { code: 'MANAGER_CUTS', detail };
  if (probe.stage === 'connecting') return { code: 'MANAGER_UNREACHABLE', detail };
  return { code: probe.stage === 'handshake' ? 'MANAGER_NO_HANDSHAKE' : 'MANAGER_SILENT', detail };
}

function answerFinding({ status, contentType, isManager }: Answer, url: URL): Finding | undefined {
  const detail = `${url.href} answers ${status}${contentType ? ` with ${contentType}` : ''}.`;
  if (isManager) return undefined;
  if (status === 429) return { code: 'MANAGER_THROTTLES', detail };
  if (status >= 500) return { code: 'MANAGER_DOWN', detail };
  if (/^text\/html\b/i.test(contentType)) return { code: 'MANAGER_IS_WEB_PAGE', detail };
  return { code: 'MANAGER_IS_OTHER_SERVICE', detail };
}

function proxyFinding(probe: Extract<Probe, { step: 'proxy' }>): Finding {
  const { status, message: detail } = probe;
  const words = { proxy: probe.shown };
  if (status === null) return { code: 'PROXY_UNREACHABLE', detail, words };
  if (status === 407) return { code: 'PROXY_WANTS_PASSWORD', detail, words };
  return { code: status >= 500 ? 'PROXY_CANNOT_REACH' : 'PROXY_REFUSES', detail, words };
}

/** What the way to the manager means; nothing when the way is free. */
function networkFinding(probe: Probe): Finding | undefined {
  switch (probe.step) {
    case 'proxy_invalid':
      return { code: 'PROXY_INVALID', detail: probe.message };
    case 'proxy':
      return proxyFinding(probe);
    case 'dns':
      return { code: 'DNS_FAILED', detail: probe.message };
    case 'connect':
      return {
        code: probe.code === 'ECONNREFUSED' ? 'MANAGER_PORT_CLOSED' : 'MANAGER_UNREACHABLE',
        detail: probe.message,
      };
    case 'pin':
    case 'exchange':
    case 'answer':
      return undefined;
  }
}

/** What the manager's side of a probe means; nothing when a manager answered. */
function managerFinding(probe: Probe, url: URL): Finding | undefined {
  switch (probe.step) {
    case 'pin':
      return { code: 'MANAGER_PIN_MISMATCH', detail: probe.message };
    case 'exchange':
      return exchangeFinding(probe);
    case 'answer':
      return answerFinding(probe, url);
    case 'proxy_invalid':
    case 'proxy':
    case 'dns':
    case 'connect':
      return undefined;
  }
}

/** Whether the manager can be reached and is one. What only renewal needs is less bad while there is an identity. */
export async function checkManager(at: At, host: Known): Promise<Finding[]> {
  const url = managerUrlOf(host);
  if (!url) return [];
  const probe = await probeManager(at, host, url);
  const offsetMs = 'offsetMs' in probe ? probe.offsetMs : undefined;
  const clock = offsetMs === undefined ? undefined : clockFinding(offsetMs, at.clock.now());
  const words = { host: hostOf(url), port: url.port || '443', manager: url.href };
  const small = probe.step === 'answer' && probe.smallHello;
  const found = [networkFinding(probe) ?? managerFinding(probe, url), small ? smallHello(url) : undefined]
    .filter((one) => one !== undefined)
    // By a clock that is wrong nothing can be said about dates.
    .filter((one) => !(clock && one.code === 'MANAGER_CERT_OUT_OF_DATE'))
    .map((one) => weighed(host, { ...one, words: { ...words, ...one.words } }));
  return [...(clock ? [clock] : []), ...found];
}

function smallHello(url: URL): Finding {
  return { code: 'MANAGER_SMALL_HELLO', detail: `${url.href} answered only without X25519MLKEM768.` };
}

function weighed({ inspection }: Known, finding: Finding): Finding {
  const isNotice = finding.code === 'MANAGER_SMALL_HELLO';
  return isUsable(inspection.status) && !isNotice ? { ...finding, severity: 'warning' } : finding;
}
