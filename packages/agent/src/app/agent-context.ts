import type {
  Clock,
  Commands,
  Files,
  Logger,
  LogLevel,
  ProcessUsage,
  Random,
  ServiceNotifier,
} from '@linux-patch/runtime';
import type { AuditLog } from '../audit/audit-log.ts';
import type { ClockWatch } from '../clock/watch.ts';
import type { AgentPaths } from '../config/paths.ts';
import type { AgentConfig } from '../config/schema.ts';
import type { Network } from '../host/network.ts';
import type { Liveness } from '../identity/liveness.ts';
import type { CertificatePaths } from '../identity/store/paths.ts';
import type { ProxyChoice } from '../manager-link/proxy.ts';
import type { AgentCounters } from '../metrics/counters.ts';
import type { Reconfiguration } from './reconfiguration.ts';

/** What the agent's program uses of the outside world; `main.ts` picks the real ones. */
export interface AgentDoors {
  readonly clock: Clock;
  readonly random: Random;
  readonly files: Files;
  readonly network: Network;
  /** Commands with this added to their environment. */
  readonly createCommands: (environment: Readonly<Record<string, string>>) => Commands;
  readonly createLogger: (settings: LogSettings) => Logger;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly processUsage: () => ProcessUsage;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether a service manager started this program, so that nobody sees at once how it ends. */
  readonly supervised: boolean;
  /** Calls back when the service manager asks for a reload (SIGHUP). */
  readonly onReload: (reload: () => void) => Disposable;
  /** Aborts when the program is told to stop; of a context, also when it has to begin anew with another configuration. */
  readonly signal: AbortSignal;
}

/** Where log lines go. */
export interface LogSettings {
  readonly level: LogLevel;
  /** Standard error, which journald collects. */
  readonly journal: boolean;
  /** `HOST` or `HOST:PORT` of a syslog server. */
  readonly syslogServer: string | undefined;
}

/** One run of the agent with its configuration. */
export interface AgentContext extends AgentDoors {
  readonly root: string;
  readonly config: AgentConfig;
  readonly configFile: string;
  readonly paths: AgentPaths;
  readonly certificates: CertificatePaths;
  readonly commands: Commands;
  readonly logger: Logger;
  readonly audit: AuditLog;
  readonly counters: AgentCounters;
  readonly notifier: ServiceNotifier;
  readonly clockWatch: ClockWatch;
  readonly liveness: Liveness;
  readonly reconfiguration: Reconfiguration;
  /**
   * `Clock.monotonicMs` until which a fault that keeps the agent from starting is waited out; undefined where nobody
   * waits.
   */
  readonly startDeadlineMs: number | undefined;
  /** Through which proxy a manager is asked. */
  readonly proxyFor: ProxyChoice;
  /** Reads the configuration anew. */
  readonly loadConfig: () => Promise<AgentConfig>;
}

/** Where the identity lies, by configuration. */
export function certificatePaths(config: AgentConfig): CertificatePaths {
  const { ca_cert, server_cert, server_key, crl_path } = config.tls;
  return { ca: ca_cert, certificate: server_cert, key: server_key, crl: crl_path };
}

/**
 * Exit codes of the service and of `--enroll` and `--renew-certs`. `again` is none: the configuration has changed, and
 * the work begins anew with it.
 */
export const EXIT = { clean: 0, error: 1, unfinished: 2, again: -1 } as const;
