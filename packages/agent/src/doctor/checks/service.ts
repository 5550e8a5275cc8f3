import type { Finding } from '../finding.ts';
import type { DoctorHost, DoctorPlace } from './host.ts';

const UNIT = 'linux-patch-api.service';
const TIMEOUT_MS = 5_000;

/** Properties of a unit by name, as `systemctl show` prints them. */
export function parseUnit(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const at = line.indexOf('=');
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1)] as const] : [];
    }),
  );
}

/** What the state of the unit means; nothing when the unit is not installed. */
export function unitFindings(unit: ReadonlyMap<string, string>): Finding[] {
  const [load, active, result, file] = ['LoadState', 'ActiveState', 'Result', 'UnitFileState'].map(
    (name) => unit.get(name) ?? '',
  );
  if (load === 'not-found' || load === '') return [];
  if (load === 'masked') return [{ code: 'SERVICE_MASKED', detail: `${UNIT} is masked.` }];
  const findings: Finding[] = [];
  if (active === 'failed') {
    const code = result === 'start-limit-hit' ? 'SERVICE_START_LIMIT' : 'SERVICE_FAILED';
    findings.push({ code, detail: `${UNIT} failed (${result}).` });
  } else if (active === 'inactive') {
    findings.push({ code: 'SERVICE_NOT_RUNNING', detail: `${UNIT} is ${active} (${result}).` });
  }
  if (file === 'disabled') findings.push({ code: 'SERVICE_NOT_ENABLED', detail: `${UNIT} is disabled.` });
  return findings;
}

type Asked = Pick<DoctorPlace, 'commands' | 'signal'>;

async function readUnit({ commands, signal }: Asked): Promise<ReadonlyMap<string, string> | undefined> {
  const result = await commands
    .run({
      program: 'systemctl',
      args: ['show', UNIT, '--property=LoadState,ActiveState,SubState,Result,UnitFileState'],
      timeoutMs: TIMEOUT_MS,
      signal,
    })
    .catch(() => undefined);
  return result?.exitCode === 0 ? parseUnit(result.stdout) : undefined;
}

/** The service under systemd; other service managers are not asked. */
export async function checkService(
  at: Asked,
  { underSystemd }: Pick<DoctorHost, 'underSystemd'>,
): Promise<Finding[]> {
  const unit = underSystemd ? await readUnit(at) : undefined;
  return unit ? unitFindings(unit) : [];
}

/** Whether systemd shows the service as failed, so that it may refuse to start it. */
export async function hasFailed(place: Asked): Promise<boolean> {
  return (await readUnit(place))?.get('ActiveState') === 'failed';
}
